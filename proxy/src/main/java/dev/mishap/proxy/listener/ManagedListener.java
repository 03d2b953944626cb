package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Lifecycle;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A listener, where it comes from, and what ends with it. */
final class ManagedListener {
    final String name;
    final ConfigNode node;
    final String version;
    final boolean dynamic;
    final Listener listener;
    final Lifecycle life;
    /** Of the filter chains that are not those of the listener before. */
    final List<ChainLife> newChains;

    /** Whether it takes the place of the listener before, whose unchanged filter chains it has. */
    final boolean inPlace;

    final Instant updated = Instant.now();

    ManagedListener(
            String name,
            ConfigNode node,
            String version,
            boolean dynamic,
            Listener listener,
            Lifecycle life,
            List<ChainLife> newChains,
            boolean inPlace) {
        this.name = name;
        this.node = node;
        this.version = version;
        this.dynamic = dynamic;
        this.listener = listener;
        this.life = life;
        this.newChains = newChains;
        this.inPlace = inPlace;
    }

    /** It will not be used. */
    void discard() {
        life.end();
        newChains.forEach(c -> c.life().end());
    }

    Set<FilterChain> chains() {
        return new LinkedHashSet<>(listener.config().chains().all());
    }

    /** What waits for all that it waits for. */
    InitTarget target() {
        return InitTarget.of("Listener-init-target " + name, life.init());
    }

    boolean sharesSockets(ManagedListener other) {
        return listener.config().sockets().equals(other.listener.config().sockets());
    }

    /** Whether both have an address that only one of them can have; as in Envoy, even when one does not bind to it. */
    boolean clashesWith(ManagedListener other) {
        SocketConfig one = listener.config().sockets();
        SocketConfig two = other.listener.config().sockets();
        return one.udp() == two.udp()
                && one.addresses().stream()
                        .anyMatch(a -> two.addresses().stream()
                                .anyMatch(b -> ListenerAddress.clash(a.address(), b.address())));
    }

    ListenerManager.State state() {
        return new ListenerManager.State(node, version, updated);
    }
}
