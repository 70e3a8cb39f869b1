/* The state and the address that names it; the frame around all: header, list of parts. */

const state = {story: 0, panel: 'overview', node: null, mode: 'hex', observer: false};
const current = () => stories[state.story];
const shown = {};                     /* elements of the message that is shown */
const address = to => (stories.length > 1 ? `c${state.story + 1}/` : '') + to;

function go(to, focus) {
  const hash = '#' + address(to);
  if (location.hash === hash) arrive(focus);
  else { goingWith = focus; location.hash = hash; }
}
let goingWith = false;

function arrive(focus) {
  let to = location.hash.slice(1);
  try { to = decodeURIComponent(to); } catch { /* as it stands */ }
  const connection = /^c(\d+)(?:\/|$)/.exec(to);
  let number = 0;
  if (connection) {
    number = Math.min(Math.max(connection[1] - 1, 0), stories.length - 1);
    to = to.slice(connection[0].length);
  }
  if (number !== state.story) { state.story = number; drawFrame(); }
  const slash = to.indexOf('/');
  let panel = slash < 0 ? to : to.slice(0, slash);
  const path = slash < 0 ? '' : to.slice(slash + 1);
  if (!panels().some(p => p.id === panel)) panel = 'overview';
  if (panel !== state.panel || !shown.panel) { state.panel = panel; drawPanel(); }
  const message = messageShown();
  if (message && !hiddenMessage(message)) {
    const node = path ? modelOf(message).byPath.get(path) || null : null;
    select(node, {focus, address: false});
  }
  if (focus && !path) $('main h2').focus();
}

const messageShown = () => /^m\d+$/.test(state.panel) ? current().messages[state.panel.slice(1) - 1] : null;
const hiddenMessage = m => state.observer && m.encrypted;

const TAKEN = new Set(['story', 'title', 'tool', 'command', 'secrets_shown', 'started', 'exit', 'connection', 'summary', 'error',
  'protected_against', 'choice', 'phases', 'messages', 'certificates', 'verification', 'secrets', 'records', 'observer', 'notes',
  'traffic', 'role', 'established', 'server_name', 'total_us', 'round_trips', 'handshake_us', 'proofs', 'ending',
  'messages_left_out', 'incomplete', 'http', 'http2_frames', 'dialogue', 'dns', 'packets', 'offers', 'verdicts', 'derived', 'findings', 'alert_reasons', 'checks']);

/* Every panel of the story: its name in the address, its title, what shows it. */
function panels() {
  const story = current();
  const list = [{id: 'overview', title: tx('Overview'), show: showOverview}];
  story.messages.forEach((m, i) => list.push({id: 'm' + (i + 1), title: m.name, message: m, show: () => showMessage(m, i)}));
  if ((story.certificates || []).length || story.verification)
    list.push({id: 'certificates', title: tx('Certificates'), show: showCertificates});
  if (story.offers && Object.keys(story.offers).length) list.push({id: 'offers', title: tx('Offers and choices'), show: showOffers});
  list.push({id: 'keys', title: tx('Keys'), show: showKeys});
  if (story.records.length) list.push({id: 'records', title: tx('Records'), show: showRecords});
  list.push({id: 'data', title: tx('Application data'), show: showData});
  if (story.http || story.http2_frames) list.push({id: 'http', title: 'HTTP', show: showHttp});
  if (story.dialogue) list.push({id: 'dialogue', title: tx('Dialogue'), show: showDialogue});
  if (story.dns) list.push({id: 'dns', title: 'DNS', show: showDns});
  if (story.packets) list.push({id: 'packets', title: tx('Packets'), show: showPackets});
  for (const key of Object.keys(story))
    if (!TAKEN.has(key)) list.push({id: 'x-' + key, title: words(key).replace(/^./, c => c.toUpperCase()), show: () => showOther(key)});
  if (story.observer) list.push({id: 'observer', title: tx('A listener’s view'), show: showObserver});
  list.push({id: 'glossary', title: tx('Glossary'), show: showGlossary}, {id: 'json', title: 'JSON', show: showJson});
  return list;
}

/* Sign, colour and word for how a connection went. */
function moodOf(story) {
  if (story.onlooker && !story.role) return ['!', 'warn', tx('Not protected')];
  if (story.role === 'onlooker' || story.onlooker) {
    const bad = [...(story.checks || []), ...(story.verdicts || [])].some(c => c.outcome === 'failed') ||
      story.messages.some(m => m.malformed || (m.protocol === 'alert' && /fatal/.test(m.facts)));
    return bad ? ['✗', 'bad', tx('Trouble')] : story.established ? ['✓', 'good', tx('In order')] : ['–', 'warn', tx('Incomplete')];
  }
  if (story.exit.code !== 0) return ['✗', 'bad', tx('Failed')];
  const unsafe = Object.values(story.protected_against || {}).some(a => a.protected === 'no');
  return unsafe ? ['!', 'warn', tx('Done, but not protected')] : ['✓', 'good', tx('In order')];
}

function drawFrame() {
  const story = current(), [sign, mood, headline] = moodOf(story);
  const choice = story.choice || {};
  const line = [choice.version && choice.version.name, choice.cipher_suite && choice.cipher_suite.name,
                story.handshake_us !== undefined && tx`handshake ${since(story.handshake_us)}`].filter(Boolean);
  const header = h('header', {class: 'top'},
    h('div', {class: `seal ${mood}`, 'aria-hidden': 'true'}, sign),
    h('div', {class: 'headline'},
      h('h1', {}, said(story.title) || tx('A TLS connection')),
      h('p', {class: 'verdict'}, h('strong', {}, headline),
        ': ', said(story.exit.reason), story.role !== 'onlooker' && tx` (exit code ${story.exit.code})`),
      line.length > 0 && h('p', {class: 'choice'}, line.join(' · '))),
    h('div', {class: 'tools'},
      h('div', {class: 'search', role: 'search'},
        h('label', {for: 'search', class: 'unseen'}, tx('Search names, values, bytes')),
        h('input', {id: 'search', type: 'search', placeholder: tx('Search  /'), autocomplete: 'off', spellcheck: 'false',
                    'aria-controls': 'found', input: search, keydown: searchKeys}),
        h('div', {id: 'found', hidden: true})),
      button(tx('Listener’s view'), toggleObserver, {id: 'observe', 'aria-pressed': String(state.observer),
        title: tx('Show only what somebody on the way can know (o)')}),
      button('', turnTheme, {id: 'theme', title: tx('Light, dark, or as the system says (t)')}),
      button('?', () => $('#help').showModal(), {id: 'ask', 'aria-label': tx('Help: keys'), title: tx('Keys (?)')})));
  const made = h('footer', {class: 'made'},
    h('p', {class: story.secrets_shown ? 'secrecy warn' : 'secrecy'},
      story.secrets_shown ? tx('⚠ This page contains the keys of the connection: whoever has it can read what was recorded of it.')
                          : tx('This page contains no keys.')),
    h('p', {}, story.started && [h('span', {}, story.started.replace('T', ' ').replace(/\.\d+Z/, ' UTC')), ' · '], story.tool),
    story.command && h('p', {class: 'command'}, h('code', {}, story.command), ' ', copier(tx('Copy'), () => story.command)));
  const app = h('div', {id: 'app'},
    h('a', {class: 'skip', href: '#main', click: e => { e.preventDefault(); $('main h2').focus(); }}, tx('To what is selected')),
    header, made,
    h('div', {class: 'work'}, drawList(),
      h('section', {class: 'ladder', tabindex: '0', 'aria-label': tx('Ladder diagram')}, drawLadder(story)),
      h('main', {id: 'main'})),
    h('div', {id: 'said', role: 'status', class: 'unseen'}), helpDialog());
  const old = $('#app');
  if (old) old.replaceWith(app); else document.body.append(app);
  app.classList.toggle('observing', state.observer);
  shown.panel = null;
  document.title = visible(said(story.title) || tx('A TLS connection'));
  nameTheme();
}

function drawList() {
  const items = [], all = panels();
  const item = (p, i, content) => h('li', {}, link(address(p.id), {'data-panel': p.id, tabindex: i === 0 ? 0 : -1}, content));
  all.forEach((p, i) => {
    if (!p.message) { items.push(item(p, i, p.title)); return; }
    const m = p.message, hidden = hiddenMessage(m), [sign, what, kind] = hidden ? ['', '', ''] : verdictOf(current(), m, +p.id.slice(1) - 1);
    items.push(item(p, i, [
      h('span', {class: 'n', 'aria-hidden': 'true'}, p.id.slice(1)),
      h('span', {class: 'arrow ' + m.from}, h('span', {'aria-hidden': 'true'}, m.from === 'client' ? '→' : '←'),
        h('span', {class: 'unseen'}, tx`from ${tx(m.from)}: `)),
      h('span', {class: 'name'}, hidden ? tx('encrypted') : p.title),
      m.encrypted && h('span', {class: 'lock', title: tx('encrypted')}, h('span', {'aria-hidden': 'true'}, '▣'), h('span', {class: 'unseen'}, tx(', encrypted'))),
      sign && h('span', {class: 'sign ' + kind, title: tx(what)}, h('span', {'aria-hidden': 'true'}, sign), h('span', {class: 'unseen'}, ', ' + tx(what)))]));
  });
  const nav = h('nav', {class: 'list', 'aria-label': tx('Parts of the story'), keydown: listKeys});
  if (stories.length > 1)
    nav.append(h('h2', {}, tx('Connections')), h('ul', {class: 'connections'}, stories.map((st, i) =>
      h('li', {}, h('a', {href: `#c${i + 1}/overview`, 'aria-current': i === state.story ? 'true' : undefined},
        h('span', {class: 'sign ' + moodOf(st)[1]}, moodOf(st)[0]), ' ', said(st.title) || tx`Connection ${i + 1}`)))));
  nav.append(h('h2', {}, tx('Story')), h('ul', {class: 'parts'}, items));
  return nav;
}

function listKeys(event) {
  const links = [...event.currentTarget.querySelectorAll('.parts a')], at = links.indexOf(document.activeElement);
  const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1}[event.key];
  if (to === undefined || at < 0 || !links[to]) return;
  event.preventDefault();
  links[at].tabIndex = -1;
  links[to].tabIndex = 0;
  links[to].focus();
}
