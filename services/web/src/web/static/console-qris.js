// Reads the QRIS code of the present and of the chosen picture. Without this script it is scanned with a phone.

const qris = document.querySelector("[data-qris]");
const texts = qris.dataset;

ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => texts.wasm } });

// QRIS is a list of tag, length and value, as EMVCo specifies for QR codes that merchants show.
function fieldsOf(code) {
  const found = {};
  let at = 0;
  while (at + 4 <= code.length) {
    const length = Number(code.slice(at + 2, at + 4));
    found[code.slice(at, at + 2)] = code.slice(at + 4, at + 4 + length);
    at += 4 + (Number.isInteger(length) ? length : code.length);
  }
  return found;
}

// CRC-16/CCITT-FALSE over all but the check digits themselves.
function checkDigits(code) {
  let rest = 0xffff;
  for (const each of new TextEncoder().encode(code.slice(0, -4))) {
    rest ^= each << 8;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 0x8000 ? ((rest << 1) ^ 0x1021) & 0xffff : (rest << 1) & 0xffff;
  }
  return rest.toString(16).toUpperCase().padStart(4, "0");
}

function verdictOn(code) {
  if (!code) return { tone: "bad", text: texts.textNone };
  const fields = fieldsOf(code);
  const hasAccount = Object.entries(fields).some(([tag, value]) => tag >= "26" && tag <= "51" && value.includes(".WWW"));
  if (fields["00"] !== "01" || fields["58"] !== "ID" || !hasAccount) return { tone: "bad", text: texts.textOther };
  if (checkDigits(code) !== code.slice(-4).toUpperCase()) return { tone: "bad", text: texts.textDamaged };
  if (fields["01"] === "12" || fields["54"]) return { tone: "warn", text: texts.textOnce };
  return { tone: "ok", text: `${texts.textGood} ${[fields["59"], fields["60"]].filter(Boolean).join(", ")}` };
}

async function read(blob) {
  const found = await ZXingWASM.readBarcodes(blob, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 });
  return found[0]?.text;
}

function say(place, { tone, text }) {
  place.className = tone ? `banner banner-${tone}` : "banner";
  place.textContent = text;
  place.hidden = false;
}

async function check(blob, place) {
  say(place, { text: texts.textReading });
  try {
    say(place, verdictOn(await read(blob)));
  } catch {
    say(place, { tone: "warn", text: texts.textUnable });
  }
}

const picture = qris.querySelector("[data-picture]");
if (picture) {
  fetch(picture.src, { cache: "no-cache" })
    .then((answer) => (answer.ok ? answer.blob() : Promise.reject(answer.status)))
    .then((blob) => check(blob, qris.querySelector("[data-verdict]")))
    .catch(() => {});
}

const chosen = qris.querySelector("[data-chosen]");
const preview = qris.querySelector("[data-preview]");
chosen.addEventListener("change", () => {
  const file = chosen.files[0];
  const place = qris.querySelector("[data-verdict-chosen]");
  preview.hidden = place.hidden = !file;
  if (!file) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => { preview.src = reader.result; });
  reader.readAsDataURL(file);
  check(file, place);
});
