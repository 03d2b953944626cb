package dev.mishap.proxy.filter.http.compressor;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.route.match.StringMatcher;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Compresses the bodies that the configuration and the client agree on. */
final class CompressorFilter implements HttpFilter {
    private static final HeaderName ACCEPT_ENCODING = HeaderName.of("accept-encoding");
    private static final HeaderName CONTENT_ENCODING = HeaderName.of("content-encoding");
    private static final HeaderName CACHE_CONTROL = HeaderName.of("cache-control");
    private static final HeaderName COMPRESSION_STATUS = HeaderName.of("x-envoy-compression-status");
    private static final HeaderName ETAG = HeaderName.of("etag");
    private static final HeaderName VARY = HeaderName.of("vary");
    private static final String VARIES = "Accept-Encoding";

    private final String name;
    private final CompressorConfig config;
    private final CompressorStats stats;
    private CompressorConfig.@Nullable PerRoute perRoute;
    private @Nullable String acceptEncoding;
    private @Nullable GzipStream request;
    private @Nullable GzipStream response;

    CompressorFilter(String name, CompressorConfig config, CompressorStats stats) {
        this.name = name;
        this.config = config;
        this.stats = stats;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        acceptEncoding = headers.get(ACCEPT_ENCODING);
        askRoute(stream);
        if (acceptEncoding != null && removesAcceptEncoding() && compressesResponses(stream)) {
            headers.remove(ACCEPT_ENCODING);
        }
        CompressorConfig.Direction direction = config.request();
        if (direction != null
                && !endStream
                && direction.enabled().on(stream.runtime())
                && longEnough(headers, direction, stats.request)
                && typeAllowed(headers, direction)
                && !headers.contains(CONTENT_ENCODING)
                && transferEncodingAllowed(headers)) {
            stats.request.compressed.inc();
            request = start(headers);
        } else {
            stats.request.notCompressed.inc();
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        GzipStream gzip = request;
        if (gzip == null) {
            return Flow.CONTINUE;
        }
        stream.injectRequestData(this, compress(gzip, stream, borrowed, endStream, stats.request), endStream);
        return Flow.TAKEN;
    }

    @Override
    public Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        GzipStream gzip = request;
        if (gzip != null) {
            stream.injectRequestData(this, compress(gzip, stream, Unpooled.EMPTY_BUFFER, true, stats.request), false);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        askRoute(stream); // the request may have been answered before it came here, or have another route now
        CompressorConfig.Direction direction = config.response();
        boolean enabled = compressesResponses(stream);
        // Where the obstacle is told, what only the configuration forbids is looked at last.
        boolean tells = config.tellsStatus();
        boolean candidate = enabled && !(tells && isFinal(headers)) && longEnough(headers, direction, stats.response);
        boolean compressible = candidate
                && (tells || !isFinal(headers))
                && typeAllowed(headers, direction)
                && etagAllowed(headers)
                && codeAllowed(headers);
        if (!endStream
                && candidate
                && (compressible || !tells)
                && clientAccepts(headers, direction)
                && compressible
                && transferEncodingAllowed(headers)) {
            changeStrongEtag(headers);
            stats.response.compressed.inc();
            if (tells) {
                String length = headers.get(HeaderName.CONTENT_LENGTH);
                tellStatus(headers, "Compressed;OriginalLength=" + (length == null ? "" : length));
            }
            response = start(headers);
        } else {
            stats.response.notCompressed.inc();
            if (tells && enabled && !endStream && !compressible && !isFinal(headers)) {
                tellObstacle(headers, candidate);
            }
        }
        // Whoever caches the answer must know that it depends on the header, whichever way it was answered.
        if (compressible) {
            vary(headers);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        GzipStream gzip = response;
        if (gzip == null) {
            return Flow.CONTINUE;
        }
        stream.injectResponseData(this, compress(gzip, stream, borrowed, endStream, stats.response), endStream);
        return Flow.TAKEN;
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        GzipStream gzip = response;
        if (gzip != null) {
            stream.injectResponseData(this, compress(gzip, stream, Unpooled.EMPTY_BUFFER, true, stats.response), false);
        }
        return Flow.CONTINUE;
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        if (request != null) {
            request.close();
        }
        if (response != null) {
            response.close();
        }
    }

    /** Whether the response itself says that nobody may code it. */
    private static boolean isFinal(HeaderMap headers) {
        return headers.contains(HeaderName.UPGRADE)
                || headers.contains(CONTENT_ENCODING)
                || hasToken(headers.get(CACHE_CONTROL), "no-transform", true);
    }

    /** Says what of the configuration was in the way. */
    private void tellObstacle(HeaderMap headers, boolean longEnough) {
        if (!longEnough) {
            stats.response.contentLengthTooSmall.inc(); // again, as Envoy does
            tellStatus(headers, "ContentLengthTooSmall");
        } else if (!typeAllowed(headers, config.response())) {
            tellStatus(headers, "ContentTypeNotAllowed");
        } else if (config.disableOnEtag() && headers.contains(ETAG)) {
            tellStatus(headers, "EtagNotAllowed");
        } else {
            tellStatus(headers, "StatusCodeNotAllowed");
        }
    }

    private static void tellStatus(HeaderMap headers, String status) {
        headers.add(COMPRESSION_STATUS, "gzip;" + status);
    }

    private GzipStream start(HeaderMap headers) {
        headers.remove(HeaderName.CONTENT_LENGTH);
        headers.set(CONTENT_ENCODING, "gzip");
        return new GzipStream(config.gzip());
    }

    private static ByteBuf compress(
            GzipStream gzip, HttpStream stream, ByteBuf borrowed, boolean end, CompressorStats.Direction stats) {
        ByteBuf out = gzip.compress(borrowed, end, stream.alloc());
        stats.totalUncompressedBytes.add(borrowed.readableBytes());
        stats.totalCompressedBytes.add(out.readableBytes());
        return out;
    }

    private void askRoute(HttpStream stream) {
        perRoute = stream.perFilterConfig(name) instanceof CompressorConfig.PerRoute p ? p : null;
    }

    private boolean removesAcceptEncoding() {
        CompressorConfig.PerRoute route = perRoute;
        Boolean said = route == null ? null : route.removeAcceptEncoding();
        return said == null ? config.removeAcceptEncoding() : said;
    }

    private boolean compressesResponses(HttpStream stream) {
        CompressorConfig.PerRoute route = perRoute;
        Boolean said = route == null ? null : route.enabled();
        return said == null ? config.response().enabled().on(stream.runtime()) : said;
    }

    private static boolean longEnough(
            HeaderMap headers, CompressorConfig.Direction direction, CompressorStats.Direction stats) {
        String length = headers.get(HeaderName.CONTENT_LENGTH);
        if (length == null || number(length) >= direction.minLength()) {
            return true;
        }
        stats.contentLengthTooSmall.inc();
        return false;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private static boolean typeAllowed(HeaderMap headers, CompressorConfig.Direction direction) {
        String type = headers.get(HeaderName.CONTENT_TYPE);
        if (type == null) {
            return true;
        }
        int semicolon = type.indexOf(';');
        String media = (semicolon < 0 ? type : type.substring(0, semicolon)).trim();
        if (direction.typeMatchers().isEmpty()) {
            return direction.types().contains(media.toLowerCase(Locale.ROOT));
        }
        for (StringMatcher matcher : direction.typeMatchers()) {
            if (matcher.matches(media)) {
                return true;
            }
        }
        return false;
    }

    private static boolean transferEncodingAllowed(HeaderMap headers) {
        String codings = headers.get(HeaderName.TRANSFER_ENCODING);
        return codings == null || !hasToken(codings, "gzip", true) && !hasToken(codings, "deflate", true);
    }

    private boolean etagAllowed(HeaderMap headers) {
        if (config.disableOnEtag() && headers.contains(ETAG)) {
            stats.notCompressedEtag.inc();
            return false;
        }
        return true;
    }

    private boolean codeAllowed(HeaderMap headers) {
        return config.uncompressibleCodes().isEmpty()
                || !config.uncompressibleCodes().contains((int) number(String.valueOf(headers.get(HeaderName.STATUS))));
    }

    /** A type that is not compressed counts as if there were no coding to offer. */
    private boolean clientAccepts(HeaderMap headers, CompressorConfig.Direction direction) {
        AcceptEncoding accepted = AcceptEncoding.of(acceptEncoding, typeAllowed(headers, direction));
        switch (accepted) {
            case GZIP -> stats.headerCompressorUsed.inc();
            case WILDCARD -> stats.headerWildcard.inc();
            case IDENTITY -> stats.headerIdentity.inc();
            case NOT_VALID -> stats.headerNotValid.inc();
            case ABSENT -> stats.noAcceptHeader.inc();
        }
        return accepted == AcceptEncoding.GZIP || accepted == AcceptEncoding.WILDCARD;
    }

    /** A strong etag stands for the very bytes, which are others now. */
    private void changeStrongEtag(HeaderMap headers) {
        String etag = headers.get(ETAG);
        if (etag == null || etag.startsWith("W/") || etag.startsWith("w/")) {
            return;
        }
        if (config.weakensEtag()) {
            headers.set(ETAG, "W/" + etag);
        } else {
            headers.remove(ETAG);
        }
    }

    private static void vary(HeaderMap headers) {
        String vary = headers.get(VARY);
        if (vary == null || vary.isEmpty()) {
            headers.set(VARY, VARIES);
        } else if (!hasToken(vary, VARIES, false)) {
            headers.set(VARY, vary + ", " + VARIES);
        }
    }

    private static boolean hasToken(@Nullable String list, String token, boolean ignoreCase) {
        if (list == null) {
            return false;
        }
        int start = 0;
        while (start < list.length()) {
            int end = list.indexOf(',', start);
            end = end < 0 ? list.length() : end;
            String one = list.substring(start, end).trim();
            if (ignoreCase ? one.equalsIgnoreCase(token) : one.equals(token)) {
                return true;
            }
            start = end + 1;
        }
        return false;
    }
}
