package dev.mishap.rules;

import dev.mishap.rules.fault.DnsFault;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** A connection made of plain values. */
final class FakeConnection implements ConnectionView {
    @Nullable
    String sni;

    InetAddress source = DnsFault.literal("10.1.2.3");
    InetAddress destination = DnsFault.literal("192.168.0.9");
    int port = 5432;

    @Override
    public String listener() {
        return "in";
    }

    @Override
    public String cluster() {
        return "db";
    }

    @Override
    public @Nullable String serverName() {
        return sni;
    }

    @Override
    public InetAddress sourceAddress() {
        return source;
    }

    @Override
    public InetAddress destinationAddress() {
        return destination;
    }

    @Override
    public int destinationPort() {
        return port;
    }
}
