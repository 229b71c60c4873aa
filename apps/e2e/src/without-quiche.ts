// Loaded with --import: this process cannot load quiche, as on a platform it is not built for.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier.startsWith('@matrixai/quic'))
      throw new Error('@matrixai/quic has no build for this platform');
    return next(specifier, context);
  },
});
