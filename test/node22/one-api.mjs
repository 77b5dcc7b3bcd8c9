// An app on OpenTelemetry's SDK 3.x has @opentelemetry/api 1.10, and npm gives Faultline and its own SDK 2.x
// the same copy. Here they lie in different folders: whoever asks for the api gets this folder's.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const isHere =
      /^@opentelemetry\/api$|^@mastra\//.test(specifier) ||
      // An example asks for packages that are only here, or here in another version.
      (/^(?:ai$|@ai-sdk\/)/.test(specifier) && context.parentURL?.includes('/test/examples/'));
    return next(specifier, isHere ? { ...context, parentURL: import.meta.url } : context);
  },
});
