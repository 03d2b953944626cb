package dev.mishap.proxy.http;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A header name in lower case with its hash, interned so that a look-up compares ints before bytes. Names are made when a
 * configuration is loaded or in static fields; one that a request brings is not interned ({@link #unshared}), for whoever
 * sends requests could fill the memory with names.
 */
public final class HeaderName {
    private static final ConcurrentMap<String, HeaderName> INTERNED = new ConcurrentHashMap<>();

    public static final HeaderName METHOD = of(":method");
    public static final HeaderName PATH = of(":path");
    public static final HeaderName AUTHORITY = of(":authority");
    public static final HeaderName SCHEME = of(":scheme");
    public static final HeaderName STATUS = of(":status");
    public static final HeaderName HOST = of("host");
    public static final HeaderName CONNECTION = of("connection");
    public static final HeaderName CONTENT_LENGTH = of("content-length");
    public static final HeaderName CONTENT_TYPE = of("content-type");
    public static final HeaderName TRANSFER_ENCODING = of("transfer-encoding");
    public static final HeaderName UPGRADE = of("upgrade");
    public static final HeaderName EXPECT = of("expect");
    public static final HeaderName TE = of("te");
    public static final HeaderName DATE = of("date");
    public static final HeaderName SERVER = of("server");
    public static final HeaderName LOCATION = of("location");
    public static final HeaderName GRPC_STATUS = of("grpc-status");
    public static final HeaderName GRPC_MESSAGE = of("grpc-message");
    public static final HeaderName X_REQUEST_ID = of("x-request-id");
    public static final HeaderName FORCE_TRACE = of("x-envoy-force-trace");
    public static final HeaderName X_FORWARDED_FOR = of("x-forwarded-for");
    public static final HeaderName X_FORWARDED_PROTO = of("x-forwarded-proto");
    public static final HeaderName KEEP_ALIVE = of("keep-alive");
    public static final HeaderName PROXY_CONNECTION = of("proxy-connection");
    public static final HeaderName USER_AGENT = of("user-agent");

    private final String text;
    private final byte[] bytes;
    private final int hash;

    private HeaderName(String text) {
        this.text = text;
        this.bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        this.hash = hash(bytes, 0, bytes.length);
    }

    /** The interned name for {@code name}, which is lower-cased first. */
    public static HeaderName of(String name) {
        return INTERNED.computeIfAbsent(name.toLowerCase(Locale.ROOT), HeaderName::new);
    }

    /** A name that came in a request or over an API: found in a {@link HeaderMap} like any other, equal to none. */
    public static HeaderName unshared(String name) {
        return new HeaderName(name.toLowerCase(Locale.ROOT));
    }

    /** The hash of lower-case name bytes, as {@link HeaderMap} computes it while it reads them. */
    public static int hash(byte[] bytes, int offset, int length) {
        int h = 0;
        for (int i = offset, end = offset + length; i < end; i++) {
            h = h * 31 + bytes[i];
        }
        return h;
    }

    /** The name in lower case; pseudo headers keep their colon. */
    public String text() {
        return text;
    }

    /** The name's bytes; not to be changed. For codecs. */
    public byte[] bytes() {
        return bytes;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public String toString() {
        return text;
    }
}
