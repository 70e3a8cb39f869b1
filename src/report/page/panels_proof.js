/* Panels of what was recomputed and judged: keys, verdicts, offers, findings. */

function showKeys() {
  const story = current(), list = story.secrets || [];
  if (state.observer) return [title(tx('Keys')), h('p', {class: 'lead'}, tx('A listener has none of them.'))];
  return [title(tx('Keys')),
    (story.derived || []).length > 0 && derivation(story),
    (story.verdicts || []).length > 0 && h('section', {}, h('h3', {}, tx('Signatures and proofs, computed again')), verdictTable(story.verdicts)),
    (story.checks || []).length > 0 && h('section', {}, h('h3', {}, tx('Checked while reading')), verdictTable(story.checks)),
    list.length > 0 && h('h3', {}, tx('What the connection told')),
    list.length === 0 && h('p', {class: 'lead'}, tx('This story was told without its secrets. With --show-secrets they stand here.')),
    list.length > 0 && h('ul', {class: 'secrets'}, list.map(secret => h('li', {class: 'card'},
      h('h3', {}, secret.label), h('code', {class: 'block secret'}, pairs(secret.bytes)),
      h('p', {class: 'facts'}, tx`${count(secret.bytes.length / 2, 'byte')} · at ${since(secret.at_us)} · ${secret.at}`),
      sameBytes(story, secret.bytes, secret), h('p', {class: 'row'}, copiers(secret.bytes))))),
    keyLog(story) && h('p', {class: 'row'}, button(tx('Save the key log'), () => save('keylog.txt', keyLog(story), 'text/plain')))];
}

/* The line that other tools read: label, client random, master secret. */
function keyLog(story) {
  const hello = story.messages.find(m => m.name === 'ClientHello');
  const random = hello && modelOf(hello).byPath.get('client_hello.random');
  const lines = (story.secrets || []).filter(x => /^[A-Z][A-Z0-9_]+$/.test(x.label)).map(x => `${x.label} ${random ? random.field.bytes : ''} ${x.bytes}\n`);
  return random ? lines.join('') : '';
}

/* The key schedule as a graph: each value made from those that lead to it; what it was made from and how, opened by a click. */
function derivation(story) {
  const made = story.derived, place = new Map(made.map((d, i) => [d.name, i]));
  /* What a value is made from stands left of it. */
  const sources = d => (d.inputs || []).filter(x => place.has(x.name) && made[place.get(x.name)] !== d).map(x => made[place.get(x.name)]);
  const columns = [];
  made.forEach(d => { d.column = Math.max(-1, ...sources(d).map(x => x.column === undefined ? -1 : x.column)) + 1; });
  made.forEach((d, i) => { (columns[d.column] ||= []).push([d, i]); delete d.column; });
  const graph = h('ol', {class: 'graph', 'aria-label': tx('How the keys come about')}, columns.map(column => h('li', {}, column.map(([d, i]) => {
    const from = sources(d).map(x => said(x.title));
    return button([h('strong', {}, said(d.title)), h('span', {}, said(d.method)), from.length > 0 && h('span', {class: 'from'}, tx('↑ from the '), from.join(', '))],
      () => { const panel = $(`#derived-${i}`); panel.open = true; panel.querySelector('summary').focus(); panel.scrollIntoView({block: 'start'}); });
  }))));
  const value = (story2, x) => [h('dt', {}, said(x.name)), h('dd', {}, x.bytes !== undefined && h('code', {class: 'secret'}, x.bytes ? pairs(x.bytes) : tx('empty')),
    Object.keys(x).filter(k => !/^(name|bytes)$/.test(k)).map(k => h('span', {}, ' ', anything(k, x[k]))),
    x.bytes && printable(x.bytes) && h('span', {class: 'facts'}, ` “${printable(x.bytes)}”`), x.bytes && sameBytes(story2, x.bytes, null))];
  const known = new Set(['name', 'title', 'method', 'section', 'inputs', 'steps', 'outputs', 'value', 'told', 'agrees', 'command']);
  return h('section', {}, h('h3', {}, tx('From the shares to the keys')), graph, made.map((d, i) => h('details', {class: 'card derived', id: `derived-${i}`},
    h('summary', {}, h('strong', {}, said(d.title)), ' ', h('code', {}, d.name), d.agrees !== undefined && h('span', {class: d.agrees ? 'good' : 'bad'}, d.agrees ? tx(' ✓ as the connection used it') : tx(' ✗ not what the connection used'))),
    h('p', {}, said(d.method), d.section && h('span', {class: 'facts'}, ' · ', cited(d.section))),
    [['from', d.inputs], ['steps', d.steps], ['gives', d.outputs]].filter(([, list]) => list && list.length).map(([label, list]) =>
      [h('h4', {}, tx(label)), h('dl', {class: 'values'}, list.map(x => value(story, x)))]),
    h('dl', {class: 'values'}, [d.value !== undefined && value(story, {name: tx('value'), bytes: d.value}), d.told !== undefined && value(story, {name: tx('told'), bytes: d.told})],
      Object.keys(d).filter(k => !known.has(k)).map(k => [h('dt', {}, words(k)), h('dd', {}, anything(k, d[k]))])),
    d.command && [h('h4', {}, tx('do it yourself')), h('p', {}, h('code', {class: 'block'}, d.command)), h('p', {class: 'row'}, copier(tx('Copy the command'), () => d.command))])));
}

/* Text, when bytes are nothing else: a label. */
function printable(hex) {
  const text = (hex.match(/../g) || []).map(b => String.fromCharCode(parseInt(b, 16))).join('');
  return /^[\x20-\x7e]{4,}$/.test(text) ? text : '';
}

const OUTCOMES = {verified: ['✓', 'good'], failed: ['✗', 'bad'], FAILED: ['✗', 'bad']};
function verdictTable(list) {
  return h('ol', {class: 'verdicts'}, list.map(v => {
    const [sign, kind] = OUTCOMES[v.outcome] || ['–', 'warn'];
    const known = new Set([v.title ? 'title' : 'name', 'outcome', 'text', 'section', 'input', 'from', 'at', 'at_us']);
    return h('li', {}, h('span', {class: 'sign ' + kind, 'aria-hidden': 'true'}, sign), h('div', {},
      h('p', {}, h('strong', {}, said(v.title || v.name)), v.from && v.title && !v.title.includes(v.from) && tx` of the ${tx(v.from)}`, ': ', h('span', {class: kind}, tx(v.outcome))), h('p', {class: 'facts'}, said(v.text), v.section && [' · ', cited(v.section)]),
      h('p', {class: 'facts'}, Object.keys(v).filter(k => !known.has(k)).map((k, i) => [i > 0 && ' · ', words(k), ': ', anything(k, v[k])])),
      v.input && h('details', {}, h('summary', {}, tx`over ${count(v.input.length / 2, 'byte')}`), h('code', {class: 'block'}, state.observer && v.check && /finished/.test(v.check) ? tx('hidden') : pairs(v.input)))));
  }));
}

const STATES = {taken: ['✓', 'good'], excluded: ['–', ''], left: ['·', ''], signal: ['~', '']};
function showOffers() {
  const list = Object.entries(current().offers).filter(([, v]) => Array.isArray(v) && v.length && typeof v[0] === 'object');
  const rest = Object.entries(current().offers).filter(([k]) => !list.some(([l]) => l === k));
  return [title(tx('Offers and choices')), h('p', {class: 'lead'}, tx('What the client offered, best first; what the server took; why the others fell out, where that can be known.')),
    list.map(([kind, rows]) => h('section', {class: 'offers'}, h('h3', {}, words(kind)), h('ul', {}, rows.map(r => {
      const [sign, cls] = STATES[r.state] || ['·', ''];
      const known = new Set(['name', 'number', 'state', 'why']);
      return h('li', {class: r.state}, h('span', {class: 'sign ' + cls, 'aria-hidden': 'true'}, sign), h('div', {}, h('p', {}, h('strong', {}, r.name),
        r.number !== undefined && h('small', {}, ` 0x${r.number.toString(16).padStart(4, '0')}`), r.state && h('span', {class: 'state'}, ` ${tx(r.state)}`)), h('p', {class: 'facts'}, said(r.why),
        Object.keys(r).filter(k => !known.has(k)).map(k => [' · ', words(k), ': ', anything(k, r[k])]))));
    })))),
    rest.length > 0 && h('dl', {}, rest.map(([k, v]) => [h('dt', {}, words(k)), h('dd', {}, anything(k, v))]))];
}

const SEVERITIES = {error: 'bad', bad: 'bad', serious: 'bad', high: 'bad', warning: 'warn', warn: 'warn', medium: 'warn', weak: 'warn'};
function findings(list) {
  return h('ul', {class: 'findings'}, list.map(f => {
    const known = new Set(['severity', 'sentence', 'text', 'name', 'message', 'field']);
    const kind = SEVERITIES[f.severity] || 'open';
    return h('li', {class: kind}, h('p', {}, f.severity && h('strong', {}, tx(f.severity), ': '), f.sentence || f.text || f.name, f.sentence && f.text && [' ', said(f.text)]),
      h('p', {class: 'facts'}, Object.keys(f).filter(k => !known.has(k) || (k === 'name' && (f.sentence || f.text)) || k === 'message' || k === 'field')
        .map((k, i) => [i > 0 && ' · ', words(k), ': ', anything(k, f[k])])));
  }));
}

