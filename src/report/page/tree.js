/* One message: the tree of its fields, and what the chosen field is. */

/* The tree: rows are made when what holds them is opened. */
function drawTree(m, model) {
  const tree = h('div', {class: 'tree', role: 'tree', 'aria-label': tx`Fields of ${m.name}`, keydown: treeKeys,
    mouseover: e => hover(nodeOf(e.target)), mouseleave: () => hover(null),
    click: e => {
      const node = nodeOf(e.target), more = e.target.closest('.more');
      if (more) more.show();
      if (!node) return;
      if (node.kids.length && (e.target.closest('.twist') || node === state.node)) open(node, !node.open);
      select(node, {focus: true});
    },
    focusin: e => { const node = nodeOf(e.target); if (node && node !== state.node) select(node, {}); }});
  for (const node of model.nodes) { node.item = null; node.open = false; }
  tree.append(...model.root.kids.map(treeItem));
  if (tree.firstChild) tree.firstChild.tabIndex = 0;
  for (const node of model.root.kids) if (node.kids.some(k => k.kids.length) && node.kids.length < 40) open(node, true);
  return tree;
}
const nodeOf = target => { const item = target.closest('[role=treeitem]'); return item && item.node; };

function treeItem(node) {
  const f = node.field, value = brief(node);
  const item = h('div', {class: 'line', role: 'treeitem', tabindex: '-1', 'aria-level': node.depth, 'aria-selected': 'false',
      'aria-posinset': node.parent.kids.indexOf(node) + 1, 'aria-setsize': node.parent.kids.length,
      'aria-expanded': node.kids.length ? 'false' : undefined, 'aria-label': `${node.name} ${value}`},
    h('span', {class: 'twist', 'aria-hidden': 'true'}, node.kids.length ? '▸' : ''),
    h('span', {class: `swatch g${node.group}`}), h('span', {class: 'name'}, node.name), ' ',
    h('span', {class: 'value' + (f.kind === 'text' ? ' quoted' : '')}, value));
  item.node = node;
  node.item = item;
  node.box = null;
  item.style.paddingLeft = 14 * (node.depth - 1) + 4 + 'px';
  return item;
}

const KIDS_AT_ONCE = 300;
function open(node, yes) {
  if (!node.item || !node.kids.length || node.open === yes) return;
  node.open = yes;
  node.item.setAttribute('aria-expanded', String(yes));
  node.item.querySelector('.twist').textContent = yes ? '▾' : '▸';
  if (!node.box) {
    node.box = h('div', {role: 'group'});
    node.item.after(node.box);
    const parts = [];
    const fillPart = n => {
      const kids = node.kids.slice(n * KIDS_AT_ONCE, (n + 1) * KIDS_AT_ONCE).map(treeItem);
      if (parts[n]) parts[n].replaceWith(...kids); else node.box.append(...kids);
      parts[n] = null;
      return kids[0];
    };
    node.reach = i => { if (parts[Math.floor(i / KIDS_AT_ONCE)]) fillPart(Math.floor(i / KIDS_AT_ONCE)); };
    fillPart(0);
    for (let n = 1; n * KIDS_AT_ONCE < node.kids.length; n++) {
      parts[n] = h('div', {role: 'treeitem', tabindex: '-1', class: 'more', 'aria-level': node.depth + 1},
        tx`${grouped(n * KIDS_AT_ONCE + 1)} to ${grouped(Math.min((n + 1) * KIDS_AT_ONCE, node.kids.length))}`);
      parts[n].show = () => fillPart(n).focus();
      node.box.append(parts[n]);
    }
  }
  node.box.hidden = !yes;
}

/* Opens all that is around a field, and gives its row. */
function reveal(node) {
  if (!node.item) {
    reveal(node.parent);
    open(node.parent, true);
    if (!node.item) node.parent.reach(node.parent.kids.indexOf(node));
  }
  for (let n = node.parent; n && n.parent; n = n.parent) open(n, true);
  return node.item;
}

function openAll(yes) {
  const model = modelOf(messageShown());
  let made = 0;
  for (const node of model.nodes) if (node.item && node.kids.length && node.depth) { if (yes && made++ > 2000) break; open(node, yes); }
}

function treeKeys(event) {
  const node = nodeOf(event.target);
  const items = [...shown.tree.querySelectorAll('[role=treeitem]')].filter(i => i.offsetParent), at = items.indexOf(event.target);
  const focus = item => { if (item) item.focus(); };
  switch (event.key) {
  case 'ArrowDown': focus(items[at + 1]); break;
  case 'ArrowUp': focus(items[at - 1]); break;
  case 'Home': focus(items[0]); break;
  case 'End': focus(items[items.length - 1]); break;
  case 'ArrowRight': if (!node) return; if (node.kids.length && !node.open) open(node, true); else focus(node.kids[0] && node.kids[0].item); break;
  case 'ArrowLeft': if (!node) return; if (node.open) open(node, false); else if (node.parent.item) focus(node.parent.item); break;
  case 'Enter': if (event.target.show) event.target.show(); else if (node.kids.length) open(node, !node.open); else focusBytes(node); break;
  case ' ': if (!node) return; focusBytes(node); break;
  default: return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function focusBytes(node) {
  showBytes(node);
  const cell = shown.grid.querySelector('.chosen');
  if (cell) { for (const c of shown.grid.querySelectorAll('[data-run][tabindex="0"]')) c.tabIndex = -1; cell.tabIndex = 0; cell.focus({preventScroll: true}); }
}

/* Marks bytes and row of a field: hot under the pointer, chosen by focus. */
const marks = {hot: [], chosen: []};
function mark(kind, node) {
  for (const element of marks[kind]) element.classList.remove(kind);
  marks[kind] = [];
  if (!node || !shown.grid) return;
  const model = modelOf(messageShown());
  for (const chunk of shown.grid.children) {
    const from = chunk.dataset.first * ROW, to = from + chunk.dataset.rows * ROW;
    if (chunk.dataset.filled === undefined || to <= node.from || from >= node.to) continue;
    for (const cell of chunk.querySelectorAll('[data-run]')) {
      const run = model.runs[cell.dataset.run];
      if (run.from >= node.from && run.to <= node.to && node.to > node.from) marks[kind].push(cell);
    }
  }
  let row = node;
  while (row && (!row.item || !row.item.offsetParent)) row = row.parent;
  if (row && row.item) marks[kind].push(row.item);
  for (const element of marks[kind]) element.classList.add(kind);
}

function hover(node) {
  if (node === marks.node) return;
  marks.node = node;
  mark('hot', node);
  inspect(node || state.node);
}

function showBytes(node) {
  const chunk = shown.grid.children[Math.floor(Math.floor(node.from / ROW) / CHUNK)];
  if (chunk && chunk.dataset.filled === undefined) fillChunk(chunk, messageShown(), modelOf(messageShown()));
  mark('chosen', node);
  const cell = shown.grid.querySelector('.chosen');
  if (cell) within(shown.grid, cell);
}

function select(node, {focus, keep, address: named = true} = {}) {
  state.node = node;
  if (!shown.tree) return;
  for (const item of shown.tree.querySelectorAll('[aria-selected=true]')) item.setAttribute('aria-selected', 'false');
  if (node && node.parent) {
    const item = reveal(node);
    for (const before of shown.tree.querySelectorAll('[role=treeitem][tabindex="0"]')) before.tabIndex = -1;
    item.tabIndex = 0;
    item.setAttribute('aria-selected', 'true');
    if (focus) item.focus({preventScroll: true});
    if (keep || !focus) within(shown.tree, item); else item.scrollIntoView({block: 'nearest'});
    if (keep) mark('chosen', node); else showBytes(node);
    if (named) history.replaceState(null, '', '#' + address(`${state.panel}/${node.path}`));
    if (node.field.sentence) say(node.field.sentence);
  } else {
    mark('chosen', null);
  }
  inspect(node);
}

function inspect(node) {
  if (!shown.inspector) return;
  const message = messageShown();
  if (!node) {
    shown.inspector.replaceChildren(h('p', {class: 'hint'}, tx('Point at a field or a byte, or go there with Tab and the arrow keys: what it is stands here.')));
    return;
  }
  const f = node.field, bytes = message.bytes.slice(2 * node.from, 2 * node.to);
  const known = new Set(['path', 'name', 'kind', 'text', 'number', 'registry', 'offset', 'length', 'sentence', 'bytes', 'fields']);
  const facts = [];
  if (f.number !== undefined) facts.push(['number', `${f.number} (0x${f.number.toString(16)})`]);
  if (f.registry) facts.push(['registry', f.registry]);
  facts.push(['kind', f.kind], ['place', tx`${count(node.to - node.from, 'byte')} from ${node.from} (0x${node.from.toString(16)}) on`]);
  for (const k of Object.keys(f)) if (!known.has(k)) facts.push([words(k), anything(k, f[k])]);
  shown.inspector.replaceChildren(
    h('h4', {}, h('span', {class: `swatch g${node.group}`}), node.name),
    h('p', {class: 'path'}, f.path || message.name),
    f.text !== undefined && f.text !== '' ? h('p', {class: 'words'}, f.text) : '',
    f.sentence ? h('p', {class: 'sentence'}, cited(f.sentence)) : '',
    h('dl', {class: 'facts'}, facts.map(([k, v]) => [h('dt', {}, tx(k)), h('dd', {}, v)])),
    sameBytes(current(), f.bytes, node) || '',
    h('p', {class: 'row'}, copiers(bytes), copier(tx('Link'), () => location.href)));
}

function sameBytes(story, bytes, node) {
  const places = (placesOf(story).get(bytes) || []).filter(p => !node || p.node !== node);
  return places.length > 0 && !state.observer && h('p', {class: 'same'}, tx('The same bytes: '), places.slice(0, 8).map((p, i) => [i > 0 && ', ', link(address(p.to), {}, p.label)]));
}
