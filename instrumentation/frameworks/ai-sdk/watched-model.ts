// A model of version 6 that is watched: the app's own in everything but its two calls. The version it says
// that it has stays its own, so that the SDK converts or refuses what it would convert or refuse.

// biome-ignore lint/suspicious/noExplicitAny: values of a framework that is not there when this is compiled
type Loose = any;

/** Runs one try of a model; returns what it returns and throws what it throws. */
export type WatchCall = (params: Loose, execute: () => Promise<Loose>) => Promise<Loose>;

const watched = new WeakMap<object, object>();

/** The model with its calls watched; what is no model object is left as it is. */
export function watchedModel(model: Loose, watch: WatchCall): Loose {
  if (typeof model !== 'object' || model === null) return model;
  const calls = new Map<PropertyKey, unknown>();
  for (const name of ['doGenerate', 'doStream']) {
    if (typeof model[name] !== 'function') continue;
    calls.set(name, (params: Loose) => watch(params, async () => await model[name](params)));
  }
  const read = (key: PropertyKey) => calls.get(key) ?? Reflect.get(model, key, model);
  // Not around the model itself: a proxy may not give other values than a frozen object has.
  const proxy = new Proxy({} as object, {
    get: (_target, key) => read(key),
    set: (_target, key, value) => Reflect.set(model, key, value, model),
    has: (_target, key) => Reflect.has(model, key),
    ownKeys: () => Reflect.ownKeys(model),
    getPrototypeOf: () => Reflect.getPrototypeOf(model),
    getOwnPropertyDescriptor: (_target, key) => {
      const own = Reflect.getOwnPropertyDescriptor(model, key);
      if (!own) return undefined;
      return {
        value: read(key),
        enumerable: own.enumerable === true,
        configurable: true,
        writable: true,
      };
    },
  });
  watched.set(proxy, model);
  return proxy;
}

/** The app's own model, of one that may be watched. */
export function unwatched(model: Loose): Loose {
  return (typeof model === 'object' && model !== null && watched.get(model)) || model;
}
