/* Panels of what went over the line, and of the story as a whole: records, data, packets, glossary, JSON. */

function showRecords() {
  const story = current(), body = h('tbody');
  const RECORD_KNOWN = new Set(['number', 'content', 'from', 'ours', 'at_us', 'at', 'version', 'length', 'plain_length', 'epoch', 'sequence_number', 'fields']);
  const row = r => {
    const tr = h('tr', {class: r.from}, h('td', {}, `${r.from === 'client' ? '→' : '←'} ${r.from} ${r.number}`), h('td', {}, since(r.at_us)),
      h('td', {}, `${r.content.name} (${r.content.number})`), h('td', {}, r.version && `${r.version.name} (0x${r.version.number.toString(16).padStart(4, '0')})`), h('td', {}, grouped(r.length)),
      h('td', {}, grouped(r.plain_length)), h('td', {}, r.epoch ? `${r.epoch} ▣` : `${r.epoch}`), h('td', {}, r.sequence_number));
    const out = [tr];
    if (r.fields || r.nonce !== undefined) {
      const cell = h('td', {colspan: '8'}), details = h('details', {toggle: () => {
        if (details.open && cell.dataset.made === undefined) {
          cell.dataset.made = '';
          details.append(h('dl', {class: 'fields'}, Object.keys(r).filter(k => !RECORD_KNOWN.has(k)).map(k => [h('dt', {}, words(k)), h('dd', {}, state.observer && k === 'nonce' ? tx('hidden') : anything(k, r[k]))]), (r.fields || []).map(f => [h('dt', {}, f.name), h('dd', {}, f.text !== undefined && f.text !== f.bytes && h('span', {}, f.text, ' '),
            f.bytes && h('code', {}, pairs(f.bytes)), h('small', {}, ` at ${f.offset}, ${count(f.length, 'byte')}`), f.sentence && h('p', {class: 'sentence'}, f.sentence), f.section && h('p', {class: 'facts'}, cited(f.section)))])));
        }
      }}, h('summary', {}, r.epoch ? tx('nonce, ciphertext, tag') : 'header'));
      cell.append(details);
      out.push(h('tr', {class: 'more'}, cell));
    }
    return out;
  };
  return [title(tx('Records')), h('p', {class: 'lead'}, tx('Everything travels in records. Each side numbers its own; after ChangeCipherSpec they are encrypted, and the sequence number, which is not sent, goes into each nonce.')),
    h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': tx('Records')}, h('table', {}, h('thead', {}, h('tr', {}, ['record', 'time', 'content', 'version', 'length', 'plain', 'epoch', tx('sequence number')]
      .map(t => h('th', {scope: 'col'}, tx(t))))), body)), inParts(body, story.records, 200, row)];
}

/* Puts the first n in place, and a button for more. */
function inParts(into, list, n, make) {
  let at = 0;
  const more = button('', () => step());
  const step = () => {
    into.append(...list.slice(at, at + n).flatMap(x => make(x)));
    at = Math.min(at + n, list.length);
    more.textContent = tx`Show more (${list.length - at} left)`;
    more.hidden = at >= list.length;
  };
  step();
  return more.hidden ? null : more;
}

function showData() {
  const story = current(), traffic = story.traffic || {};
  const notes = (story.notes || []).map(note => {
    const sent = /^> /.test(note.text), got = /^< /.test(note.text);
    return h('li', {class: sent ? 'client' : got ? 'server' : ''}, h('span', {class: 'time'}, since(note.at_us)), h('span', {}, state.observer && (sent || got) ? tx('encrypted') : said(note.text)));
  });
  return [title(tx('Application data')),
    h('p', {class: 'lead'}, tx('What is said inside the connection, counted.'), story.http ? tx(' The panel HTTP has what it was.') : story.dialogue ? tx(' The panel Dialogue has its lines.') : tx(' Its content is not kept in this story.')),
    Object.keys(traffic).length > 0 && h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': tx('Traffic')}, h('table', {}, h('thead', {}, h('tr', {}, ['from', ...Object.keys(traffic.client)].map(t => h('th', {scope: 'col'}, words(t))))),
      h('tbody', {}, Object.entries(traffic).map(([side, t]) => h('tr', {}, h('th', {scope: 'row'}, tx(side)), Object.entries(t).map(([k, n]) =>
        h('td', {}, state.observer && /^data_b/.test(k) ? tx('hidden') : grouped(n)))))))),
    notes.length > 0 && [h('h3', {}, tx('Notes')), h('ol', {class: 'notes'}, notes)]];
}

/* What a listener can't read is not shown in the listener's view. */
const unseen = x => state.observer && x.encrypted;
const placeOf = x => [since(x.at_us), x.last_record && (x.first_record !== x.last_record ? tx`records ${x.first_record}–${x.last_record}` : tx`record ${x.last_record}`),
  x.packet && (x.first_packet && x.first_packet !== x.packet ? tx`packets ${x.first_packet}–${x.packet}` : tx`packet ${x.packet}`)].filter(Boolean).join(' · ');
const tableOf = (label, heads, body) => h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': label},
  h('table', {}, h('thead', {}, h('tr', {}, heads.map(t => h('th', {scope: 'col'}, tx(t))))), body));

function showHttp() {
  const story = current(), box = h('div'), frames = h('tbody');
  const headers = list => h('dl', {class: 'fields'}, list.map(x => [h('dt', {}, x.name), h('dd', {}, x.value)]));
  const card = m => {
    const line = m.kind === 'request' ? `${m.method} ${m.target}` : `${m.status} ${m.reason || ''}`;
    const c = m.content, about = [count(c.length, 'byte'), said(c.transfer), c.coding && tx`${c.coding}: unpacked ${count(c.decoded_length, 'byte')}`, !c.complete && tx('not complete'), said(c.problem)];
    const arrow = m.from === 'client' ? '→' : '←', kind = m.kind === 'response' ? tx('answer') : tx(m.kind);
    return h('section', {class: `card ${m.from}`}, h('h3', {}, `${arrow} ${unseen(m) ? tx('encrypted') : line}`),
      h('p', {class: 'facts'}, [tx`exchange ${m.exchange}`, kind, m.version, m.stream && tx`stream ${m.stream}`, m.encrypted ? tx('protected') : tx('in the clear'), m.becomes && tx`from here on ${m.becomes}`, placeOf(m)].filter(Boolean).join(' · ')),
      !unseen(m) && [h('details', {}, h('summary', {}, count(m.headers.length, 'header')), headers(m.headers)),
        m.trailers && h('details', {}, h('summary', {}, count(m.trailers.length, 'trailer')), headers(m.trailers)),
        (c.length > 0 || c.problem) && h('p', {}, about.filter(Boolean).join(' · ')),
        c.text && h('pre', {class: 'json', tabindex: '0', role: 'group', 'aria-label': tx`Content of ${kind} ${m.exchange}`}, c.text, c.cut && ' …'),
        c.bytes && h('p', {}, h('code', {}, pairs(c.bytes), c.cut && ' …'))]);
  };
  const row = f => h('tr', {class: f.from}, h('td', {}, f.from === 'client' ? tx('→ client') : tx('← server')), h('td', {}, since(f.at_us)), h('td', {}, `${f.type.name} (${f.type.number})`),
    h('td', {}, f.stream), h('td', {}, grouped(f.length)), h('td', {}, said(f.facts)), h('td', {}, f.record));
  return [title('HTTP'), h('p', {class: 'lead'}, tx('Requests and answers, contents joined and unpacked. '), (story.http || []).some(m => m.encrypted) ? tx('A listener sees records, their sizes and times, nothing of this.') : tx('Without TLS a listener sees all of this at once.')),
    box, inParts(box, story.http || [], 100, m => [card(m)]),
    story.http2_frames && !state.observer && [h('h3', {}, tx('Frames of HTTP/2')), tableOf(tx('Frames of HTTP/2'), ['from', 'time', 'frame', 'stream', 'length', tx('what it says'), 'record'], frames), inParts(frames, story.http2_frames, 200, f => [row(f)])]];
}

function showDialogue() {
  return [title(tx('Dialogue')), h('p', {class: 'lead'}, tx('Lines of a text protocol: what was said in the clear before TLS, and inside it.')),
    h('ol', {class: 'notes'}, current().dialogue.map(d => h('li', {class: d.from}, h('span', {class: 'time'}, since(d.at_us)),
      h('span', {}, d.from === 'client' ? '→ ' : '← ', unseen(d) ? tx('encrypted') : d.text, !d.encrypted && h('small', {}, tx(' in the clear'))))))];
}

function showDns() {
  return [title('DNS'), h('p', {class: 'lead'}, tx('How the name became an address, as far as the capture has it.')), current().dns.map(a => h('section', {class: 'card'},
    h('h3', {}, `${a.name} ${a.type.name}`), h('p', {class: 'facts'}, [a.rcode, tx`transaction ${a.id}`, a.flags, tx`${a.server} over ${a.transport}`, a.took_us !== undefined && tx`answered in ${since(a.took_us)}`,
      a.asked_packet && tx`asked in packet ${a.asked_packet}`, tx`answered in packet ${a.packet}`].filter(Boolean).join(' · ')),
    tableOf(tx`Records of ${a.name} ${a.type.name}`, ['name', 'type', 'seconds', 'value'], h('tbody', {}, a.records.map(r => h('tr', {}, h('td', {}, r.name), h('td', {}, r.type.name), h('td', {}, r.ttl), h('td', {}, r.text, r.ech && h('small', {}, ' Encrypted ClientHello'))))))))];
}

/* Each packet with its layers, the outermost first: the same bytes, wrapped several times. */
function showPackets() {
  const story = current(), body = h('tbody');
  const carried = new Map();
  story.messages.forEach((m, i) => { if (m.packet) carried.set(m.packet, [...(carried.get(m.packet) || []), link(address('m' + (i + 1)), {}, m.name)]); });
  const row = p => {
    const tcp = p.layers[p.layers.length - 1];
    const layers = h('details', {}, h('summary', {}, p.layers.map(l => l.name).join(' › ')),
      p.layers.map(l => h('dl', {class: 'fields'}, [h('dt', {}, l.name), h('dd', {}, Object.keys(l).filter(k => k !== 'name').map((k, i) => [i > 0 && ' · ', `${words(k)} ${l[k]}`]))])));
    return h('tr', {class: p.from}, h('td', {}, `${p.from === 'client' ? '→' : '←'} ${p.number}`), h('td', {}, since(p.at_us)), h('td', {}, grouped(p.length)), h('td', {}, tcp.flags), h('td', {}, tcp.relative_sequence),
      h('td', {}, tcp.relative_acknowledgement === undefined ? '' : tcp.relative_acknowledgement), h('td', {}, grouped(tcp.payload)), h('td', {}, layers), h('td', {}, (carried.get(p.number) || []).map((l, i) => [i > 0 && ', ', l])));
  };
  return [title(tx('Packets')), h('p', {class: 'lead'}, tx('The packets that carried the connection. Sequence numbers are counted from each side’s beginning. TLS adds a layer between TCP and the application; the layers below do not notice.')),
    tableOf(tx('Packets'), ['packet', 'time', 'length', 'TCP', 'sequence', 'acknowledges', 'payload', 'layers', 'completes'], body), inParts(body, story.packets, 200, p => [row(p)])];
}

function showObserver() {
  const o = current().observer;
  return [title(tx('A listener’s view')), h('p', {class: 'lead'}, tx('Somebody who records everything on the way, and has no keys.')),
    h('div', {class: 'both'}, h('section', {class: 'card'}, h('h3', {}, tx('learns')), h('ul', {}, o.sees.map(x => h('li', {}, said(x))))),
      h('section', {class: 'card'}, h('h3', {}, tx('does not learn')), h('ul', {}, o.misses.map(x => h('li', {}, said(x)))))),
    h('p', {class: 'row'}, button(state.observer ? tx('Show everything again') : tx('Show the story as the listener sees it'), toggleObserver))];
}

function showGlossary() {
  const terms = new Map(), standards = {};
  for (const m of current().messages) {
    if (m.sentence) terms.set(m.name, m.sentence);
    for (const f of current().http2_frames || []) if (f.sentence) terms.set('http2_frame.' + f.type.name, f.sentence);
    for (const node of modelOf(m).nodes) {
      if (node.field.sentence && node.depth) terms.set(node.field.path, node.field.sentence);
      if (node.field.section) (standards[node.field.path] ||= new Set()).add(node.field.section);
    }
  }
  const list = h('dl', {class: 'glossary'});
  const rows = [...terms].sort((a, b) => a[0] < b[0] ? -1 : 1);
  return [title(tx('Glossary')), h('p', {class: 'lead'}, tx('Every term of this story in a sentence.')), list,
    inParts(list, rows, 300, ([term, sentence]) => [h('dt', {}, term), h('dd', {}, cited(sentence), standards[term] && h('p', {class: 'facts'}, cited([...standards[term]].join(', '))))])];
}

const SHOWN_AT_ONCE = 100000;
function showJson() {
  const text = JSON.stringify(current(), null, 1);
  return [title('JSON'), h('p', {class: 'row'}, button(tx('Save as JSON'), () => save('story.json', text + '\n', 'application/json')), copier(tx('Copy'), () => text)),
    text.length > SHOWN_AT_ONCE && h('p', {}, tx`The first ${grouped(SHOWN_AT_ONCE)} of ${grouped(text.length)} characters; all of them are in the file.`),
    h('pre', {class: 'json', tabindex: '0', role: 'group', 'aria-label': 'JSON'}, text.slice(0, SHOWN_AT_ONCE))];
}

const showOther = key => [title(words(key)), anything(key, current()[key])];

/* Any part of the story, known or not. */
function anything(key, v) {
  if (v === null || v === undefined) return '';
  if (isRegistered(v)) return `${v.name} (${v.number})`;
  if (typeof v === 'boolean') return v ? tx('yes') : tx('no');
  if (typeof v === 'number') return String(v);
  if (key === 'section') return cited(v);
  if (typeof v === 'string') return isHex(key, v) ? h('code', {}, pairs(v)) : said(v);
  if (!Array.isArray(v))
    return h('dl', {}, Object.entries(v).map(([k, x]) => [h('dt', {}, words(k)), h('dd', {}, anything(k, x))]));
  const flat = v.length && v.every(x => x && typeof x === 'object' && !Array.isArray(x) && !isRegistered(x) &&
    Object.entries(x).every(([k, y]) => typeof y !== 'object' || isRegistered(y)));
  if (!flat) return h('ol', {}, v.map(x => h('li', {}, anything(key, x))));
  const columns = [...new Set(v.flatMap(Object.keys))];
  return h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': words(key)}, h('table', {}, h('thead', {}, h('tr', {}, columns.map(c => h('th', {scope: 'col'}, words(c))))),
    h('tbody', {}, v.map(x => h('tr', {}, columns.map(c => h('td', {}, x[c] === undefined ? '' : anything(c, x[c]))))))));
}
