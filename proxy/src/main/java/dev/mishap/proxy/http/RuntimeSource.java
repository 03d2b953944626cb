package dev.mishap.proxy.http;

import dev.mishap.proxy.runtime.RuntimeSnapshot;

/** Where a stream takes the runtime values that it pins. */
@FunctionalInterface
public interface RuntimeSource {
    RuntimeSource EMPTY = () -> RuntimeSnapshot.EMPTY;

    RuntimeSnapshot current();
}
