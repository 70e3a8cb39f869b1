/* Keys; and the beginning. */

document.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, dialog')) return;
  const n = current().messages.length, at = /^m\d+$/.test(state.panel) ? +state.panel.slice(1) : 0;
  if (event.key === '/') $('#search').focus();
  else if (event.key === '?') $('#help').showModal();
  else if (event.key === 'n' && at < n) go('m' + (at + 1), true);
  else if (event.key === 'p' && at > 1) go('m' + (at - 1), true);
  else if (event.key === 'o') toggleObserver();
  else if (event.key === 't') turnTheme();
  else if (event.key === 'Escape' && !$('#found').hidden) endSearch();
  else if (event.key === 'Escape' && state.node) { select(null); history.replaceState(null, '', '#' + address(state.panel)); $('main h2').focus(); }
  else if (event.key === 'Escape' && state.panel !== 'overview') go('overview', true);
  else return;
  event.preventDefault();
});
document.addEventListener('click', event => { if (!event.target.closest('.search')) { const box = $('#found'); if (box) box.hidden = true; } });
addEventListener('hashchange', () => { arrive(goingWith); goingWith = false; });

if (stories.length) {
  state.story = -1;
  arrive(false);
}
})();
