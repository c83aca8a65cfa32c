// Reads QR codes in pictures of the camera, beside the page's thread.

importScripts("./zxing.js");

ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => new URL("./zxing_reader.wasm", self.location).href } });

const OPTIONS = { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 };

self.onmessage = async ({ data: { pixels, width, height } }) => {
  const picture = new ImageData(new Uint8ClampedArray(pixels), width, height);
  try {
    const [found] = await ZXingWASM.readBarcodes(picture, OPTIONS);
    self.postMessage({ text: found?.text ?? null });
  } catch (problem) {
    self.postMessage({ text: null, problem: String(problem) });
  }
};
