package dev.mishap.proxy.filter.http.statefulsession;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The address in base64, in a header of the request and of the response. */
record HeaderSession(HeaderName name) implements SessionState {
    static final String MESSAGE = "envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState";
    static final SupportedFields FIELDS = SupportedFields.of(MESSAGE).supported("name");

    static HeaderSession from(ConfigNode node) {
        return new HeaderSession(HeaderName.of(node.string("name")));
    }

    @Override
    public boolean covers(HeaderMap request) {
        return true;
    }

    @Override
    public @Nullable String address(HeaderMap request) {
        String value = request.get(name);
        String address = value == null ? "" : SessionState.decode(value);
        return address.isEmpty() ? null : address;
    }

    @Override
    public void keep(String address, HeaderMap response) {
        response.set(name, SessionState.encode(address.getBytes(StandardCharsets.ISO_8859_1)));
    }
}
