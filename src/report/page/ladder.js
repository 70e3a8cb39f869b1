/* The ladder: messages and phases between two lines, on an axis of time. */

function drawLadder(story) {
  const X = {axis: 52, client: 70, server: 304, end: 322};
  const rows = [];
  for (const p of story.phases)
    if (p.name !== 'url') rows.push({at: p.at_us, phase: p, from: {request: 'client', response: 'server'}[p.name]});
  story.messages.forEach((m, i) => rows.push({at: m.at_us, message: m, number: i + 1, from: m.from}));
  rows.sort((a, b) => a.at - b.at);
  const parts = [], bands = [], lanes = [];
  const opened = {client: null, server: null};
  let y = 58, before = null, trip = 0, flight = null, band = null;
  for (const row of rows) {
    const gap = before === null ? 0 : row.at - before.at;
    const turned = before && before.from !== row.from;
    y += before === null ? 0 : 30 + (turned ? 10 : 0) + Math.min(26, gap > 0 ? 5 * Math.log10(1 + gap / 40) : 0);
    row.y = y;
    if (row.message && row.message.protocol !== 'alert' && !row.message.encrypted || (row.message && row.message.name === 'Finished')) {
      if (row.from !== flight && row.from === 'client' && trip < (story.round_trips || 99)) {
        trip++;
        band = {from: y - 22, to: y + 14, number: trip};
        bands.push(band);
      }
      flight = row.from;
      if (band) band.to = y + 14;
    }
    before = row;
  }
  const height = y + 40;
  for (const b of bands)
    parts.push(s('rect', {x: X.axis + 6, y: b.from, width: X.end + 18 - X.axis, height: b.to - b.from, rx: 8, class: 'band' + b.number % 2}),
      s('text', {x: 0, y: 0, transform: `translate(${X.end + 14} ${(b.from + b.to) / 2}) rotate(90)`, class: 'trip'}, tx`round trip ${b.number}`));
  for (const row of rows) if (row.message && row.message.protocol === 'change_cipher_spec' && opened[row.from] === null) opened[row.from] = row.y;
  for (const side of ['client', 'server']) {
    lanes.push(s('line', {x1: X[side], x2: X[side], y1: 34, y2: height - 14, class: 'lane ' + side}));
    if (opened[side] !== null)
      lanes.push(s('line', {x1: X[side], x2: X[side], y1: opened[side], y2: height - 14, class: 'lane sealed ' + side}));
    lanes.push(s('text', {x: X[side], y: 22, class: 'side ' + side}, tx(side)));
  }
  parts.push(...lanes, s('line', {x1: X.axis, x2: X.axis, y1: 34, y2: height - 14, class: 'axis'}));
  let last = -99;
  for (const row of rows) {
    parts.push(s('circle', {cx: X.axis, cy: row.y, r: 2.5, class: 'tick'}));
    if (row.y - last > 13) parts.push(s('text', {x: X.axis - 7, y: row.y + 3.5, class: 'time'}, since(row.at)));
    last = row.y;
    parts.push(row.message ? ladderMessage(row, X) : ladderPhase(row, X));
  }
  return [h('h2', {}, tx('Ladder')), s('svg', {viewBox: `0 0 350 ${height}`, role: 'img',
    'aria-label': tx`Sequence of ${count(story.messages.length, 'message')} between client and server` +
      (story.round_trips ? `, ${count(story.round_trips, 'round trip')}` : '') + tx('; the list of messages says the same in words')},
    s('defs', {}, ['client', 'server'].map(side => s('marker', {id: 'tip-' + side, viewBox: '0 0 10 10', refX: 9, refY: 5,
      markerWidth: 10, markerHeight: 10, markerUnits: 'userSpaceOnUse', orient: 'auto-start-reverse'}, s('path', {d: 'M0 .8 9.5 5 0 9.2z', class: 'tip ' + side})))), parts)];
}

function ladderMessage(row, X) {
  const m = row.message, hidden = hiddenMessage(m), to = other(m.from), tilt = 4;
  const name = hidden ? tx('encrypted') : m.name;
  return s('g', {class: `step ${m.from}${m.encrypted ? ' sealed' : ''}`, 'data-panel': 'm' + row.number, click: () => go('m' + row.number)},
    s('rect', {x: X.client + 3, y: row.y - 19, width: X.server - X.client - 6, height: 29, rx: 5, class: 'touch'}),
    s('text', {x: (X.client + X.server) / 2, y: row.y - 5, class: 'label'}, s('tspan', {class: 'number'}, row.number + ' '), name,
      s('tspan', {class: 'size'}, '  ' + count(m.length, 'byte')), m.encrypted && ' ▣'),
    s('line', {x1: X[m.from] + (m.from === 'client' ? 5 : -5), y1: row.y, x2: X[to] + (to === 'client' ? 5 : -5), y2: row.y + tilt,
               class: 'wire ' + m.from, 'marker-end': `url(#tip-${m.from})`}));
}

function ladderPhase(row, X) {
  const p = row.phase, text = {dns: 'name', tcp: 'TCP', close: 'close'}[p.name] || p.name;
  const label = state.observer && row.from ? tx('encrypted data') : row.from ? said(p.text) : `${text} ${p.took_us ? since(p.took_us) : ''}`;
  const cut = label.length > 33 ? label.slice(0, 32) + '…' : label;
  return s('g', {class: 'phase' + (p.ok ? '' : ' failed'), 'data-panel': row.from ? 'data' : 'overview',
                 click: () => go(row.from ? 'data' : 'overview')},
    s('title', {}, state.observer && row.from ? label : said(p.text)),
    row.from ? s('rect', {x: X.client + 5, y: row.y - 12, width: X.server - X.client - 10, height: 24, rx: 5, class: 'data ' + row.from})
             : s('line', {x1: X.client, x2: X.server, y1: row.y, y2: row.y, class: 'pause'}),
    !row.from && s('rect', {x: (X.client + X.server) / 2 - cut.length * 3.4 - 5, y: row.y - 8, width: cut.length * 6.8 + 10, height: 16, class: 'blank'}),
    s('text', {x: (X.client + X.server) / 2, y: row.y + 4, class: 'label'},
      row.from && (row.from === 'client' ? '→ ' : '← '), cut, !p.ok && ' ✗'));
}
