// Has the browser ask before a page is left with something in a form that was not sent. A form that says
// `data-unsaved="typed"` is shown again after an error, so what it has was typed already.
for (const form of document.querySelectorAll('form[data-unsaved]')) {
  const content = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value.name ?? value]));
  const before = form.dataset.unsaved === 'typed' ? null : content();
  let isSent = false;
  form.addEventListener('submit', () => { isSent = true; });
  window.addEventListener('pageshow', () => { isSent = false; });
  window.addEventListener('beforeunload', (event) => {
    if (!isSent && content() !== before) event.preventDefault();
  });
}
