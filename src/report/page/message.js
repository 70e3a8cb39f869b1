/* One message: its head and the bytes, in rows of sixteen. */

function showMessage(m, index) {
  const [sign, what, kind] = hiddenMessage(m) ? ['', '', ''] : verdictOf(current(), m, index);
  const to = other(m.from);
  const head = [
    h('p', {class: 'route'}, h('span', {class: m.from}, tx(m.from)), ' → ', h('span', {class: to}, tx(to)),
      m.ours ? tx(' · sent by us') : '', tx` · ${since(m.at_us)} · ${count(m.length, 'byte')} · record ${m.record} of the ${tx(m.from)} · `,
      m.encrypted ? tx('encrypted ▣') : tx('in the clear'), sign && [' · ', h('span', {class: kind}, `${sign} ${tx(what)}`)])];
  if (hiddenMessage(m))
    return [title(tx('Encrypted')), head, h('p', {class: 'lead'}, tx('A listener sees a record of this type and length, and cannot tell what is in it.')),
      h('p', {class: 'hidden-bytes', 'aria-hidden': 'true'}, '▒▒ '.repeat(Math.min(m.length, 256)))];
  const model = modelOf(m), known = new Set(['name', 'protocol', 'type', 'from', 'ours', 'record', 'encrypted', 'at_us', 'at', 'length',
    'facts', 'bytes', 'fields', 'sentence', 'malformed', 'faults']);
  shown.inspector = h('section', {class: 'inspector', 'aria-label': tx('The chosen field')});
  shown.grid = drawGrid(m, model);
  shown.tree = drawTree(m, model);
  const modes = h('div', {class: 'modes', role: 'group', 'aria-label': tx('Bytes as')}, [['hex', 'hex'], ['dec', 'decimal'], ['text', 'text']].map(([id, label]) =>
    button(tx(label), () => { state.mode = id; redrawGrid(m, model); }, {'data-mode': id, 'aria-pressed': String(state.mode === id)})));
  return [title(m.name, m.type !== undefined && h('small', {}, ` (${m.type})`)), head,
    m.sentence && h('p', {class: 'lead'}, cited(m.sentence)),
    m.facts && h('ul', {class: 'chips', 'aria-label': tx('Facts')}, said(m.facts).split(/; |；/).map(f => h('li', {}, f))),
    alertReason(m),
    troubles(m),
    h('div', {class: 'message'},
      h('section', {class: 'fields-side', 'aria-label': tx('Fields')},
        h('div', {class: 'bar-top'}, h('h3', {}, tx('Fields')), button(tx('Open all'), () => openAll(true)), button(tx('Close all'), () => openAll(false))),
        shown.tree),
      h('section', {class: 'bytes-side', 'aria-label': tx('Bytes')}, h('div', {class: 'bar-top'}, h('h3', {}, tx('Bytes')), modes, h('span', {class: 'row'}, copiers(m.bytes))),
        shown.grid, shown.inspector)),
    h('dl', {class: 'rest'}, ['protocol', 'at', ...Object.keys(m).filter(k => !known.has(k))].map(k => [h('dt', {}, words(k)), h('dd', {}, anything(k, m[k]))]))];
}

/* Every rule the message breaks: the field, the byte, and the section that says so. */
function troubles(m) {
  const faults = m.faults || (m.malformed ? [m.malformed] : []);
  return faults.map(f => h('p', {class: 'trouble'}, tx`✗ Malformed: ${f.path || f.field}, at byte ${f.offset}: ${f.why}`, f.section && [' · ', cited(f.section)]));
}

/* The nth alert of a side has the nth reason of that side. */
function alertReason(m) {
  if (m.protocol !== 'alert') return null;
  const before = current().messages.filter(x => x.protocol === 'alert' && x.from === m.from).indexOf(m);
  const reason = (current().alert_reasons || []).filter(r => r.from === m.from)[before];
  if (!reason) return null;
  const known = new Set(['from', 'level', 'description', 'certainty', 'text']);
  return h('div', {class: 'reason'}, h('p', {}, h('strong', {}, tx(reason.certainty)), ': ', said(reason.text)),
    h('p', {class: 'facts'}, anything('level', reason.level), ' · ', anything('description', reason.description), Object.keys(reason).filter(k => !known.has(k)).map(k => [' · ', words(k), ': ', anything(k, reason[k])])));
}

/* The bytes: rows of sixteen; in each row one span for each field. Rows of long messages are made when they come into view. */
const ROW = 16, CHUNK = 32;

function drawGrid(m, model) {
  const rows = Math.ceil(model.root.to / ROW);
  const grid = h('div', {class: 'grid mode-' + state.mode, role: 'grid', 'aria-label': tx`Bytes of ${m.name}`, 'aria-rowcount': rows, 'aria-colcount': ROW + 1,
    keydown: gridKeys, mouseover: e => hover(nodeAt(e.target)), mouseleave: () => hover(null),
    click: e => { const node = nodeAt(e.target); if (node) select(node, {keep: true}); },
    focusin: e => { const node = nodeAt(e.target); if (node && node !== state.node) select(node, {keep: true}); }});
  const nodeAt = target => { const cell = target.closest('[data-run]'); return cell && model.runs[cell.dataset.run].node; };
  const watcher = new IntersectionObserver(entries => {
    for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); fillChunk(entry.target, m, model); }
  }, {root: grid, rootMargin: '600px'});
  for (let first = 0; first < rows; first += CHUNK) {
    const n = Math.min(CHUNK, rows - first), chunk = h('div', {class: 'chunk', role: 'rowgroup', 'data-first': first, 'data-rows': n});
    grid.append(chunk);
    if (first < 4 * CHUNK) fillChunk(chunk, m, model);
    else { chunk.style.height = `calc(${n} * var(--row))`; watcher.observe(chunk); }
  }
  const start = grid.querySelector('[data-run]');
  if (start) start.tabIndex = 0;
  return grid;
}

function fillChunk(chunk, m, model) {
  const first = +chunk.dataset.first, end = first + +chunk.dataset.rows;
  let run = firstRun(model.runs, first * ROW);
  const rows = [];
  for (let r = first; r < end; r++) {
    const from = r * ROW, to = Math.min(from + ROW, model.root.to);
    const cells = [h('span', {role: 'rowheader', class: 'offset'}, from.toString(16).padStart(4, '0'))];
    while (run < model.runs.length && model.runs[run].from < to) {
      const a = Math.max(from, model.runs[run].from), b = Math.min(to, model.runs[run].to), node = model.runs[run].node;
      const hex = m.bytes.slice(2 * a, 2 * b);
      cells.push(h('span', {role: 'gridcell', 'aria-colindex': a - from + 2, 'data-run': run, 'data-at': a, tabindex: '-1',
        class: `run g${node.group} t${model.runs[run].tone}${node.kids.length ? ' own' : ''}`, 'aria-label': `${node.name}: ${pairs(hex)}`}, inMode(hex)));
      if (model.runs[run].to > to) break;
      run++;
    }
    rows.push(h('div', {role: 'row', 'aria-rowindex': r + 1}, cells));
  }
  chunk.style.height = '';
  chunk.replaceChildren(...rows);
  chunk.dataset.filled = '';
  if (state.node) mark('chosen', state.node);
}

function firstRun(runs, at) {
  let low = 0, high = runs.length;
  while (low < high) { const middle = (low + high) >> 1; if (runs[middle].to <= at) low = middle + 1; else high = middle; }
  return low;
}

function inMode(hex) {
  const bytes = hex.match(/../g) || [];
  if (state.mode === 'hex') return bytes.join(' ');
  if (state.mode === 'dec') return bytes.map(b => String(parseInt(b, 16)).padStart(3, '\u00a0')).join(' ');
  return bytes.map(b => { const n = parseInt(b, 16); return n > 0x20 && n < 0x7f ? String.fromCharCode(n) : '·'; }).join(' ');
}

function redrawGrid(m, model) {
  const node = state.node, grid = drawGrid(m, model);
  shown.grid.replaceWith(grid);
  shown.grid = grid;
  for (const b of document.querySelectorAll('.modes button')) b.setAttribute('aria-pressed', String(b.dataset.mode === state.mode));
  marks.chosen = marks.hot = [];
  if (node) mark('chosen', node);
}

/* Left and right go from field to field, up and down from row to row. */
function gridKeys(event) {
  const cell = event.target.closest('[data-run]');
  if (!cell) return;
  const cells = [...shown.grid.querySelectorAll('[data-run]')], at = cells.indexOf(cell), byte = +cell.dataset.at;
  const under = offset => cells.findLast(c => +c.dataset.at <= offset);
  let to;
  if (event.key === 'ArrowRight') to = cells.find((c, i) => i > at && c.dataset.run !== cell.dataset.run);
  else if (event.key === 'ArrowLeft') to = cells.find(c => +c.dataset.run === +cell.dataset.run - 1);
  else if (event.key === 'ArrowDown') to = under(byte + ROW);
  else if (event.key === 'ArrowUp') to = byte >= ROW ? under(byte - ROW) : null;
  else if (event.key === 'Home') to = cells[0];
  else if (event.key === 'End') to = cells[cells.length - 1];
  else if (event.key === 'Enter' && state.node) { event.preventDefault(); reveal(state.node).focus(); return; }
  else return;
  event.preventDefault();
  if (!to) return;
  cell.tabIndex = -1;
  to.tabIndex = 0;
  to.focus({preventScroll: true});
  within(shown.grid, to);
}

