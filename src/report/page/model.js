/* The model: the stories, the fields of a message, which bytes belong to which, where the same bytes stand elsewhere. */

const stories = [];
const plain = [];
for (const element of document.querySelectorAll('script.story')) stories.push(JSON.parse(element.textContent));
for (const element of document.querySelectorAll('noscript')) plain.push(element.textContent);
/* They were written as they ended; here they stand by number. */
const order = stories.map((story, i) => i).sort((a, b) => (stories[a].connection || 0) - (stories[b].connection || 0) || a - b);
stories.splice(0, stories.length, ...order.map(i => stories[i]));
plain.splice(0, plain.length, ...order.map(i => plain[i]));
$('#stories').remove();

/* The nodes of a message's fields in reading order, and the runs of its bytes: each belongs to the innermost field there. */
function modelOf(message) {
  if (message.model) return message.model;
  const root = {name: message.name, path: '', from: 0, to: message.bytes.length / 2, depth: 0, kids: [], group: 0,
                field: {name: message.name, kind: 'struct', text: said(message.facts), sentence: message.sentence}};
  const nodes = [root], runs = [], seen = new Map();
  const grow = (parent, list) => {
    let at = parent.first = list.length ? list[0].offset : parent.to;
    if (parent.from < at) runs.push({from: parent.from, to: at, node: parent});
    list.forEach((field, i) => {
      const n = (seen.get(field.path) || 0) + 1;
      seen.set(field.path, n);
      const node = {field, parent, name: field.name, path: field.path + (n > 1 ? '~' + n : ''), from: field.offset,
                    to: field.offset + field.length, depth: parent.depth + 1, kids: [],
                    group: parent === root || (parent.to - parent.from) * 4 > root.to ? (i + parent.depth) % 6 : parent.group};
      nodes.push(node);
      parent.kids.push(node);
      if (node.from > at) runs.push({from: at, to: node.from, node: parent});
      grow(node, field.fields || []);
      at = Math.max(at, node.to);
    });
    if (list.length && at < parent.to) runs.push({from: at, to: parent.to, node: parent});
  };
  grow(root, message.fields);
  runs.forEach((run, i) => { run.tone = i % 2; });
  const byPath = new Map(nodes.map(node => [node.path, node]));
  Object.defineProperty(message, 'model', {value: {root, nodes, runs, byPath}});
  return message.model;
}

/* What stands in a field, in a few words. */
function brief(node) {
  const entries = node.kids.length && /^\d+ entr/.test(node.field.text || '');
  if (node.field.text && !entries) return node.field.text;
  const parts = [];
  let left = 0;
  (function collect(n) {
    for (const kid of n.kids) {
      if (/^(extension_type|length|msg_type)$/.test(kid.name)) continue;
      if (parts.length >= 6) { left++; continue; }
      if (kid.kids.length && (!kid.field.text || /^\d+ entr/.test(kid.field.text))) collect(kid);
      else if (kid.field.text && kid.field.text !== 'empty') parts.push(kid.field.text);
    }
  })(node);
  return (entries ? `${node.field.text}: ` : '') + parts.join(', ') + (left ? ', …' : '');
}

/* Where the same bytes stand elsewhere: a random in the key log, a public key in two messages. */
function placesOf(story) {
  if (story.places) return story.places;
  const places = new Map();
  const add = (bytes, place) => {
    if (!bytes || bytes.length < 24 || /^(..)\1*$/.test(bytes)) return;
    if (!places.has(bytes)) places.set(bytes, []);
    places.get(bytes).push(place);
  };
  story.messages.forEach((m, i) => {
    for (const node of modelOf(m).nodes)
      add(node.field.bytes, {to: `m${i + 1}/${node.path}`, label: `${m.name}: ${node.name}`, node});
  });
  for (const d of story.derived || []) for (const x of d.outputs || []) add(x.bytes, {to: 'keys', label: tx`Keys: ${x.name}`, node: x});
  for (const secret of story.secrets || []) add(secret.bytes, {to: 'keys', label: tx`Secrets: ${secret.label}`, node: secret});
  Object.defineProperty(story, 'places', {value: places});
  return places;
}

function verdictOf(story, message, index) {
  const proofs = story.proofs || {};
  const checked = (story.checks || []).find(c => c.name.includes(message.name) && (!/^(client|server) /.test(c.name) || c.name.startsWith(message.from)) && c.outcome !== 'not checkable');
  if (checked) return checked.outcome === 'verified' ? ['✓', 'verified', 'good'] : ['✗', checked.outcome, 'bad'];
  if (message.malformed) return ['✗', 'malformed', 'bad'];
  if (message.protocol === 'alert') return /fatal/.test(message.facts) ? ['✗', 'fatal', 'bad'] : ['', '', ''];
  if (message.name === 'Certificate' && story.verification && !message.ours)
    return story.verification.accepted ? ['✓', 'accepted', 'good'] : ['✗', tx('not accepted'), 'bad'];
  if (message.name === 'ServerKeyExchange' && proofs.key_exchange_signature) return ['✓', tx('signature verified'), 'good'];
  if (message.name === 'Finished' && !message.ours && proofs.peer_finished) return ['✓', 'verified', 'good'];
  const last = !story.messages.slice(index + 1).some(m => m.protocol !== 'alert');
  if (story.error && story.error.origin === 'us' && !/^cert_/.test(story.error.reason) && last && !message.ours) return ['✗', 'refused', 'bad'];
  return ['', '', ''];
}
