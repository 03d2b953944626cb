package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.Upgrades;
import org.jspecify.annotations.Nullable;

/**
 * Upgrades on HTTP/2 (RFC 8441): on the wire a CONNECT with a {@code :protocol}, answered 200; between the codecs, as Envoy has it,
 * the request with {@code upgrade} that HTTP/1 knows, answered 101.
 */
public final class ExtendedConnect {
    private static final HeaderName PROTOCOL = HeaderName.of(":protocol");
    /** A CONNECT that says that it is one, and is treated as one. */
    private static final byte[] BYTESTREAM = {'b', 'y', 't', 'e', 's', 't', 'r', 'e', 'a', 'm'};

    private static final byte[] SWITCHING = {'1', '0', '1'};
    private static final byte[] OK = {'2', '0', '0'};
    private static final byte[] ZERO = {'0'};
    private static final String UPGRADE = "upgrade";

    private ExtendedConnect() {}

    /** Makes a client's request what HTTP/1 would have brought; returns whether it asks for an upgrade. */
    static boolean requestFromClient(HeaderMap request) {
        int protocol = request.indexOf(PROTOCOL);
        if (protocol < 0 || !Upgrades.isConnect(request) || request.valueEquals(protocol, BYTESTREAM)) {
            return false;
        }
        String type = request.value(protocol);
        request.set(HeaderName.METHOD, "GET");
        request.remove(PROTOCOL);
        request.add(HeaderName.UPGRADE, type);
        request.add(HeaderName.CONNECTION, UPGRADE);
        return true;
    }

    /** What is written of a response: itself, or another map when it speaks of an upgrade. */
    static HeaderMap responseToClient(HeaderMap response) {
        if (!Upgrades.asksForProtocol(response)) {
            return response;
        }
        HeaderMap h = without(response);
        int status = h.indexOf(HeaderName.STATUS);
        if (h.valueEquals(status, SWITCHING)) {
            h.setValue(status, "200");
        }
        return h;
    }

    /** What is written of a request: itself, or another map when it is an upgrade or a CONNECT. */
    public static HeaderMap requestToUpstream(HeaderMap request) {
        if (Upgrades.asksForProtocol(request)) {
            String type = request.get(HeaderName.UPGRADE);
            HeaderMap h = without(request);
            h.set(HeaderName.METHOD, "CONNECT");
            h.add(PROTOCOL, type == null ? "" : type);
            return h;
        }
        if (!Upgrades.isConnect(request)) {
            return request;
        }
        HeaderMap h = new HeaderMap();
        h.copyFrom(request);
        h.remove(HeaderName.PATH);
        h.remove(HeaderName.SCHEME);
        h.remove(PROTOCOL);
        return h;
    }

    /** What {@code request} asks an upstream for, null when it is no upgrade. */
    public static @Nullable String type(HeaderMap request) {
        return Upgrades.asksForProtocol(request) ? request.get(HeaderName.UPGRADE) : null;
    }

    /** Makes the answer to a request for {@code type} what HTTP/1 would have brought. */
    public static void responseFromUpstream(HeaderMap response, String type) {
        int status = response.indexOf(HeaderName.STATUS);
        if (response.valueEquals(status, OK)) {
            response.setValue(status, "101");
            response.set(HeaderName.UPGRADE, type);
            response.set(HeaderName.CONNECTION, UPGRADE);
        }
    }

    private static HeaderMap without(HeaderMap headers) {
        HeaderMap h = new HeaderMap();
        h.copyFrom(headers);
        h.remove(HeaderName.UPGRADE);
        h.remove(HeaderName.CONNECTION);
        int length = h.indexOf(HeaderName.CONTENT_LENGTH);
        if (length >= 0 && h.valueEquals(length, ZERO)) {
            h.remove(HeaderName.CONTENT_LENGTH);
        }
        return h;
    }
}
