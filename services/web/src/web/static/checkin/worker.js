// The service worker: it serves one release of the app from the device, so that it opens without a network.
// RELEASE, which comes before this text, names the page, the version and the files.

const PREFIX = `checkin ${RELEASE.page} `;
const CACHE = PREFIX + RELEASE.version;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", ({ data }) => data === "start" && self.skipWaiting());
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && address.pathname === RELEASE.page) event.respondWith(kept(RELEASE.page, request));
  else if (RELEASE.files.includes(address.pathname)) event.respondWith(kept(address.pathname, request));
});

/** Everything or nothing: a release that is not whole is not used. */
async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll([RELEASE.page, ...RELEASE.files].map((path) => new Request(path, { cache: "no-cache" })));
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
