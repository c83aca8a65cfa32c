// Choosing registrations: all on the page, all that match, and how many. Without this script the boxes and buttons work.

const form = document.querySelector("[data-choosing]");

function choosing() {
  const boxes = [...form.querySelectorAll("input[name=id]")];
  const page = form.querySelector("[data-choose-page]");
  if (!page) return;
  const head = page.querySelector("input");
  const all = form.querySelector("[data-all]");
  const count = form.querySelector("[data-chosen]");
  const actions = form.querySelectorAll("[data-act]");
  let last = null;

  function show() {
    const chosen = boxes.filter((box) => box.checked).length;
    const isAll = Boolean(all?.checked);
    head.checked = isAll || chosen === boxes.length;
    head.indeterminate = !isAll && chosen > 0 && chosen < boxes.length;
    head.disabled = isAll;
    boxes.forEach((box) => {
      box.disabled = isAll;
      box.closest("tr").classList.toggle("is-chosen", isAll || box.checked);
    });
    actions.forEach((button) => { button.disabled = !isAll && chosen === 0; });
    count.hidden = isAll;
    count.textContent = count.dataset.text.replace("{count}", chosen);
  }

  function choose(box, isRange) {
    const range = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    if (isRange && range[0] >= 0) boxes.slice(range[0], range[1] + 1).forEach((each) => { each.checked = box.checked; });
    last = box;
  }

  head.addEventListener("change", () => { boxes.forEach((box) => { box.checked = head.checked; }); });
  boxes.forEach((box) => box.addEventListener("click", (event) => choose(box, event.shiftKey)));
  form.addEventListener("change", show);
  form.addEventListener("click", () => setTimeout(show));
  window.addEventListener("pageshow", show); // back from another page the boxes are as they were
  page.hidden = false;
  form.querySelector("[data-choose-words]").remove();
  show();
}

if (form) choosing();
