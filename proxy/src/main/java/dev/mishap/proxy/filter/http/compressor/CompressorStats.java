package dev.mishap.proxy.filter.http.compressor;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** The stats {@code http.<stat_prefix>.compressor.<library>.gzip.*}. */
final class CompressorStats {
    /** What is counted of each direction. */
    static final class Direction {
        final Counter compressed;
        final Counter notCompressed;
        final Counter contentLengthTooSmall;
        final Counter totalUncompressedBytes;
        final Counter totalCompressedBytes;

        private Direction(Scope scope) {
            compressed = scope.counter("compressed");
            notCompressed = scope.counter("not_compressed");
            contentLengthTooSmall = scope.counter("content_length_too_small");
            totalUncompressedBytes = scope.counter("total_uncompressed_bytes");
            totalCompressedBytes = scope.counter("total_compressed_bytes");
        }
    }

    final Direction request;
    final Direction response;
    final Counter noAcceptHeader;
    final Counter headerIdentity;
    final Counter headerCompressorUsed;
    final Counter headerWildcard;
    final Counter headerNotValid;
    final Counter notCompressedEtag;

    CompressorStats(Scope scope, String responsePrefix) {
        request = new Direction(scope.scope("request."));
        response = new Direction(responsePrefix.isEmpty() ? scope : scope.scope(responsePrefix));
        noAcceptHeader = scope.counter("no_accept_header");
        headerIdentity = scope.counter("header_identity");
        headerCompressorUsed = scope.counter("header_compressor_used");
        headerWildcard = scope.counter("header_wildcard");
        headerNotValid = scope.counter("header_not_valid");
        notCompressedEtag = scope.counter("not_compressed_etag");
        scope.counter("header_compressor_overshadowed"); // there is no other coding to be in its shadow
    }
}
