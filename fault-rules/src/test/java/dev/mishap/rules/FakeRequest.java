package dev.mishap.rules;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request made of plain values. */
final class FakeRequest implements RequestView {
    private final HeaderSlots slots;
    private List<String> names;
    private final Map<String, String> headers = new HashMap<>();

    @Nullable
    String listener = "in";

    @Nullable
    String cluster = "c";

    @Nullable
    String route = "r";

    String method = "GET";
    String path = "/";

    @Nullable
    InetAddress source;

    boolean generated;
    int port;
    boolean ownHealthCheck;

    FakeRequest(HeaderSlots slots) {
        this.slots = slots;
        names = slots.names();
    }

    FakeRequest with(String name, String value) {
        headers.put(name, value);
        return this;
    }

    FakeRequest from(String address) {
        try {
            source = InetAddress.getByName(address);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
        return this;
    }

    @Override
    public @Nullable String listener() {
        return listener;
    }

    @Override
    public @Nullable String cluster() {
        return cluster;
    }

    @Override
    public @Nullable String route() {
        return route;
    }

    @Override
    public String method() {
        return method;
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public @Nullable String header(int slot) {
        if (slot >= names.size()) {
            names = slots.names();
        }
        return headers.get(names.get(slot));
    }

    @Override
    public @Nullable InetAddress sourceAddress() {
        return source;
    }

    @Override
    public boolean requestIdGenerated() {
        return generated;
    }

    @Override
    public int destinationPort() {
        return port;
    }

    @Override
    public boolean isOwnHealthCheck() {
        return ownHealthCheck;
    }
}
