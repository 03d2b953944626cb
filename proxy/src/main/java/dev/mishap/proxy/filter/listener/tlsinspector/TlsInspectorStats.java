package dev.mishap.proxy.filter.listener.tlsinspector;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code tls_inspector.*}. */
final class TlsInspectorStats {
    final Counter tlsFound;
    final Counter tlsNotFound;
    final Counter sniFound;
    final Counter sniNotFound;
    final Counter alpnFound;
    final Counter alpnNotFound;
    final Counter helloTooLarge;
    final Histogram bytesProcessed;

    TlsInspectorStats(Scope scope) {
        tlsFound = scope.counter("tls_found");
        tlsNotFound = scope.counter("tls_not_found");
        sniFound = scope.counter("sni_found");
        sniNotFound = scope.counter("sni_not_found");
        alpnFound = scope.counter("alpn_found");
        alpnNotFound = scope.counter("alpn_not_found");
        helloTooLarge = scope.counter("client_hello_too_large");
        bytesProcessed = scope.histogram("bytes_processed", Histogram.Unit.BYTES);
    }
}
