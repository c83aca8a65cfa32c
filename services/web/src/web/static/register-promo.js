// The price with a promo code, as soon as the code is typed.

let checked = null;

const rupiah = (amount, texts) => (Number(amount) ? `Rp\u00a0${Math.round(amount).toLocaleString('id-ID')}` : texts.free);

function showPrice(found, texts, note) {
  const less = found && Number(found.discount) > 0;
  document.querySelectorAll('[data-total]').forEach((each) => {
    each.textContent = found ? rupiah(found.total_amount, texts) : each.dataset.total;
  });
  document.querySelectorAll('[data-before]').forEach((each) => {
    each.textContent = less ? rupiah(found.list_amount, texts) : each.dataset.before;
    each.hidden = !each.textContent;
  });
  document.querySelector('[data-promo]').textContent = note;
}

async function ask(form, code) {
  const { category, type, promoApi } = form.dataset;
  const asked = new URLSearchParams({ category_id: category, code, registration_type: type });
  try {
    const headers = { 'Accept-Language': document.documentElement.lang };
    const answer = await fetch(`${promoApi}?${asked}`, { headers, credentials: 'omit' });
    return { status: answer.status, said: await answer.json() };
  } catch {
    return { status: 0, said: {} };
  }
}

// Asks for the code in the form, unless it was asked for already, and shows what it costs with it.
export async function show(form, texts, say, showError) {
  const code = form.elements.promo_code.value.trim();
  if (code === checked) return;
  checked = code;
  showError('promo_code', null);
  showPrice(null, texts, '');
  if (!code) return;
  const { status, said } = await ask(form, code);
  if (checked !== code) return;
  if (status === 200) {
    showPrice(said, texts, Number(said.discount) > 0 ? say('promo_applied', { discount: rupiah(said.discount, texts) }) : texts.promo_access);
  } else if ([404, 409, 422].includes(status)) {
    showError('promo_code', said.errors?.[0]?.message ?? said.detail);
  } else {
    checked = null;
    showPrice(null, texts, texts.promo_unknown);
  }
}
