// The camera: choosing one, light and zoom, and reading its picture while the page is seen.

import { all, one, show } from "./dom.js";
import { word } from "./words.js";

const WIDEST = 960;
const PAUSE_MS = 60;
const SAME_CODE_MS = 3000;
const PROBLEMS = { NotAllowedError: "camera_denied", SecurityError: "camera_denied", NotFoundError: "camera_none", OverconstrainedError: "camera_none", NotReadableError: "camera_busy" };
const GONE = ["OverconstrainedError", "NotFoundError"];
const ZOOMS = [1, 2, 3];

const end = (stream) => stream.getTracks().forEach((track) => track.stop());

export class Camera {
  #stream = null;
  #decoder = null;
  #canvas = document.createElement("canvas");
  #lastText = "";
  #lastAt = 0;
  #isReading = false;
  isWanted = false;

  /** `onCode` hears what a code says; the same one again only after some seconds out of sight. */
  constructor(onCode, decoderAddress, settings) {
    this.onCode = onCode;
    this.decoderAddress = decoderAddress;
    this.settings = settings;
    this.video = one("[data-video]");
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.isWanted && this.start()));
  }

  async start() {
    this.isWanted = true;
    if (this.#stream) return;
    let stream;
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", window.isSecureContext ? "NotFoundError" : "SecurityError");
      stream = await this.#open();
    } catch (problem) {
      return this.#explain(problem);
    }
    if (this.#stream || !this.isWanted || document.hidden) return end(stream); // started twice, or ended meanwhile
    this.#stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
    one("[data-camera]").dataset.on = "yes";
    show("camera", "");
    await this.#offerTools();
    this.#read();
  }

  /** Open the chosen camera, or the one at the back if none was chosen or that one is gone. */
  async #open() {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const open = (which) => navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, ...which } });
    const chosen = this.settings.camera;
    try {
      if (chosen) return await open({ deviceId: { exact: chosen } }); // an ideal one loses to another of a better size
    } catch (problem) {
      if (!GONE.includes(problem.name)) throw problem;
    }
    return open({ facingMode: "environment" });
  }

  #explain(problem) {
    this.stop();
    show("camera", window.isSecureContext ? word(PROBLEMS[problem.name] ?? "camera_busy") : word("insecure"));
  }

  pause() {
    if (this.#stream) end(this.#stream);
    this.#stream = null;
    delete one("[data-camera]").dataset.on;
    show("camera", word("camera_off"));
  }

  stop() {
    this.isWanted = false;
    this.pause();
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }

  /* Tools, as far as this camera has them */

  async #offerTools() {
    const can = this.#track.getCapabilities?.() ?? {};
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
    this.#zoomed = 0; // a camera begins without light and zoom
    one("[data-torch]").setAttribute("aria-pressed", "false");
    one("[data-torch]").hidden = !can.torch;
    one("[data-zoom]").hidden = !(can.zoom?.max > can.zoom?.min);
    one("[data-next-camera]").hidden = cameras.length < 2;
    one("[data-torch]").onclick = () => this.#toggleTorch();
    one("[data-zoom]").onclick = () => this.#zoomOn(can.zoom);
    one("[data-next-camera]").onclick = () => this.#useNext(cameras);
  }

  async #toggleTorch() {
    const button = one("[data-torch]");
    const isOn = button.getAttribute("aria-pressed") !== "true";
    await this.#track.applyConstraints({ advanced: [{ torch: isOn }] });
    button.setAttribute("aria-pressed", String(isOn));
  }

  #zoomed = 0;

  async #zoomOn(range) {
    this.#zoomed = (this.#zoomed + 1) % ZOOMS.length;
    await this.#track.applyConstraints({ advanced: [{ zoom: Math.min(range.max, range.min * ZOOMS[this.#zoomed]) }] });
  }

  async #useNext(cameras) {
    const now = cameras.findIndex((each) => each.deviceId === this.#track.getSettings().deviceId);
    await this.settings.keepCamera(cameras[(now + 1) % cameras.length].deviceId);
    this.pause();
    await this.start();
  }

  /* Reading, one picture after the other */

  #read() {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#decoder ??= this.#makeDecoder();
    this.#sendPicture();
  }

  #makeDecoder() {
    const decoder = new Worker(this.decoderAddress);
    decoder.onmessage = ({ data }) => this.#decoded(data);
    decoder.onerror = (event) => console.error("decoder", event.message);
    return decoder;
  }

  #sendPicture() {
    const { videoWidth, videoHeight } = this.video;
    if (!this.#stream) return (this.#isReading = false);
    if (!videoWidth) return setTimeout(() => this.#sendPicture(), PAUSE_MS);
    const scale = Math.min(1, WIDEST / videoWidth);
    const width = Math.round(videoWidth * scale), height = Math.round(videoHeight * scale);
    Object.assign(this.#canvas, { width, height });
    const paper = this.#canvas.getContext("2d", { willReadFrequently: true });
    paper.drawImage(this.video, 0, 0, width, height);
    const { buffer } = paper.getImageData(0, 0, width, height).data;
    this.#decoder.postMessage({ pixels: buffer, width, height }, [buffer]);
  }

  #decoded({ text, problem }) {
    if (problem) console.error("decoder", problem);
    if (text && (text !== this.#lastText || Date.now() - this.#lastAt > SAME_CODE_MS)) this.onCode(text);
    if (text) [this.#lastText, this.#lastAt] = [text, Date.now()];
    setTimeout(() => this.#sendPicture(), PAUSE_MS);
  }
}

/** Switch the camera on by its button. */
export function offerCamera(camera) {
  for (const button of all("[data-camera-start]")) button.onclick = () => camera.start();
}
