// Chooses all messages of a page at once. Without this script each is chosen by itself.

const chooseAll = document.querySelector("[data-choose-all]");
const boxes = [...document.querySelectorAll("input[name=id]")];

if (chooseAll && boxes.length) {
  const follow = () => {
    const chosen = boxes.filter((each) => each.checked).length;
    chooseAll.checked = chosen === boxes.length;
    chooseAll.indeterminate = chosen > 0 && chosen < boxes.length;
  };
  chooseAll.hidden = false;
  chooseAll.addEventListener("change", () => boxes.forEach((each) => { each.checked = chooseAll.checked; }));
  boxes.forEach((each) => each.addEventListener("change", follow));
  follow();
}
