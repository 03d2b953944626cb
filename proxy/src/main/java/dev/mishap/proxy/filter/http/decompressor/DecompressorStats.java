package dev.mishap.proxy.filter.http.decompressor;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** The stats {@code http.<stat_prefix>.decompressor.<library>.gzip.*}. */
final class DecompressorStats {
    /** What is counted of each direction. */
    static final class Direction {
        final Counter decompressed;
        final Counter notDecompressed;
        final Counter totalUncompressedBytes;
        final Counter totalCompressedBytes;

        private Direction(Scope scope) {
            decompressed = scope.counter("decompressed");
            notDecompressed = scope.counter("not_decompressed");
            totalUncompressedBytes = scope.counter("total_uncompressed_bytes");
            totalCompressedBytes = scope.counter("total_compressed_bytes");
        }
    }

    final Direction request;
    final Direction response;
    final Counter dataError;

    DecompressorStats(Scope scope) {
        request = new Direction(scope.scope("request."));
        response = new Direction(scope.scope("response."));
        Scope library = scope.scope("decompressor_library.");
        dataError = library.counter("zlib_data_error");
        for (String other : new String[] {"buf_error", "errno", "mem_error", "stream_error", "version_error"}) {
            library.counter("zlib_" + other); // what cannot be told apart here
        }
    }
}
