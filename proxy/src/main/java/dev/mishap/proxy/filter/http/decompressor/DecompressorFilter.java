package dev.mishap.proxy.filter.http.decompressor;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decompresses bodies whose first coding is gzip, and says so to those who may compress. */
final class DecompressorFilter implements HttpFilter {
    private static final HeaderName ACCEPT_ENCODING = HeaderName.of("accept-encoding");
    private static final HeaderName CONTENT_ENCODING = HeaderName.of("content-encoding");
    private static final HeaderName CACHE_CONTROL = HeaderName.of("cache-control");
    private static final String GZIP = "gzip";

    private final DecompressorConfig config;
    private final DecompressorStats stats;
    private @Nullable Body request;
    private @Nullable Body response;

    DecompressorFilter(DecompressorConfig config, DecompressorStats stats) {
        this.config = config;
        this.stats = stats;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (config.advertise()) {
            List<String> others = tokens(headers.get(ACCEPT_ENCODING));
            others.removeIf(token -> coding(token).equals(GZIP));
            others.add(GZIP);
            headers.set(ACCEPT_ENCODING, String.join(",", others));
        }
        if (!endStream) {
            request = body(stream, headers, config.request(), stats.request);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        Body body = request;
        if (body == null) {
            return Flow.CONTINUE;
        }
        stream.injectRequestData(this, body.read(borrowed), endStream);
        return Flow.TAKEN;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (!endStream) {
            response = body(stream, headers, config.response(), stats.response);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        Body body = response;
        if (body == null) {
            return Flow.CONTINUE;
        }
        ByteBuf out = body.read(borrowed);
        // A client of HTTP/1 that asked for no trailers gets none.
        boolean tells = endStream && "HTTP/2".equals(stream.info().protocol);
        stream.injectResponseData(this, out, endStream && !tells);
        if (tells) {
            HeaderMap trailers = new HeaderMap();
            tell(body, trailers);
            stream.injectResponseTrailers(this, trailers);
        }
        return Flow.TAKEN;
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        Body body = response;
        if (body != null) {
            tell(body, trailers);
        }
        return Flow.CONTINUE;
    }

    private void tell(Body body, HeaderMap trailers) {
        String prefix = "x-envoy-decompressor-" + config.libraryName() + '-';
        trailers.set(HeaderName.of(prefix + "compressed-bytes"), Long.toString(body.in));
        trailers.set(HeaderName.of(prefix + "uncompressed-bytes"), Long.toString(body.out));
    }

    /** What decompresses the body that these headers announce, or null. */
    private @Nullable Body body(
            HttpStream stream,
            HeaderMap headers,
            DecompressorConfig.Direction direction,
            DecompressorStats.Direction counted) {
        if (!direction.enabled().on(stream.runtime())) {
            return null;
        }
        List<String> codings = tokens(headers.get(CONTENT_ENCODING));
        boolean ours = !codings.isEmpty() && codings.get(0).equalsIgnoreCase(GZIP);
        if (!ours || !direction.ignoresNoTransform() && forbids(headers.get(CACHE_CONTROL))) {
            counted.notDecompressed.inc();
            return null;
        }
        counted.decompressed.inc();
        codings.remove(0);
        if (codings.isEmpty()) {
            headers.remove(CONTENT_ENCODING);
        } else {
            headers.set(CONTENT_ENCODING, String.join(",", codings));
        }
        headers.remove(HeaderName.CONTENT_LENGTH);
        return new Body(stream, config, stats, counted);
    }

    private static boolean forbids(@Nullable String cacheControl) {
        return tokens(cacheControl).stream().anyMatch("no-transform"::equalsIgnoreCase);
    }

    /** The elements of a list, without the spaces around them. */
    private static List<String> tokens(@Nullable String list) {
        List<String> tokens = new ArrayList<>();
        if (list != null) {
            for (String token : list.split(",", -1)) {
                if (!token.isBlank()) {
                    tokens.add(token.strip());
                }
            }
        }
        return tokens;
    }

    private static String coding(String token) {
        int semicolon = token.indexOf(';');
        return (semicolon < 0 ? token : token.substring(0, semicolon)).strip();
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        if (request != null) {
            request.gunzip.close();
        }
        if (response != null) {
            response.gunzip.close();
        }
    }

    /** The body of one direction. */
    private static final class Body {
        private final HttpStream stream;
        private final DecompressorStats stats;
        private final DecompressorStats.Direction counted;
        private final GunzipStream gunzip;
        private long in;
        private long out;

        Body(
                HttpStream stream,
                DecompressorConfig config,
                DecompressorStats stats,
                DecompressorStats.Direction counted) {
            this.stream = stream;
            this.stats = stats;
            this.counted = counted;
            this.gunzip = new GunzipStream(config.chunkSize(), config.maxRatio(), stream.alloc());
        }

        /** What the piece holds; the caller's to release. */
        ByteBuf read(ByteBuf borrowed) {
            ByteBuf plain = stream.alloc().ioBuffer(Math.max(64, borrowed.readableBytes() * 2));
            if (!gunzip.read(borrowed, plain)) {
                stats.dataError.inc();
            }
            in += borrowed.readableBytes();
            out += plain.readableBytes();
            counted.totalCompressedBytes.add(borrowed.readableBytes());
            counted.totalUncompressedBytes.add(plain.readableBytes());
            return plain;
        }
    }
}
