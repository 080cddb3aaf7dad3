import { Socket } from "node:net";

// transport-node, which stands in for transport-deno where JSR is out of reach,
// takes all listeners off a socket before it destroys it. Under Deno a reset by
// the server may still come after that, and an "error" event that nobody
// listens to would end the whole test file.
const { removeAllListeners } = Socket.prototype;
Socket.prototype.removeAllListeners = function (
  ...args: Parameters<typeof removeAllListeners>
): ReturnType<typeof removeAllListeners> {
  // It counts its arguments: an `undefined` is not none.
  removeAllListeners.apply(this, args);
  return args.length === 0 ? this.on("error", () => {}) : this;
};
