package dev.mishap.control.xds;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Clients that subscribe, unsubscribe, take and refuse at random while layers and views change: whenever both sides have said all, the
 * client has what its view has for it.
 */
class ProtocolFuzzTest {
    private static final List<String> TYPES =
            List.of(TypeUrls.CLUSTER, TypeUrls.ENDPOINT, TypeUrls.ROUTE, TypeUrls.RUNTIME);
    private static final int NAMES = 6;
    private static final int ROUNDS = 25;

    static IntStream seeds() {
        return IntStream.range(0, 25);
    }

    /** What a client of either protocol has of one type. */
    private static final class Had {
        final Map<String, String> bodies = new TreeMap<>();
        final Set<String> names = new TreeSet<>();
        boolean wildcard;
        boolean asked;
        String version = "";
        String nonce = "";
    }

    private abstract static class Player {
        final Random random;
        final XdsFixture fixture = new XdsFixture();
        final ResourceLayer over = ResourceLayer.named("over");
        final Map<String, Had> types = new HashMap<>();
        ResourceView view = ResourceView.of(fixture.base);
        int content;

        Player(int seed) {
            random = new Random(seed);
            TYPES.forEach(type -> types.put(type, new Had()));
        }

        void play() {
            fence();
            for (int round = 0; round < ROUNDS; round++) {
                for (int step = random.nextInt(12); step >= 0; step--) {
                    step();
                }
                settle();
                check();
            }
        }

        private void step() {
            String type = TYPES.get(random.nextInt(TYPES.size()));
            switch (random.nextInt(6)) {
                case 0, 1 -> subscription(type, types.get(type));
                case 2, 3, 4 -> change();
                default -> {
                    view = random.nextBoolean() ? ResourceView.of(fixture.base) : ResourceView.of(fixture.base, over);
                    fixture.stream().moveTo(view);
                }
            }
        }

        private void change() {
            ViewUpdate update = new ViewUpdate();
            for (int i = random.nextInt(4); i >= 0; i--) {
                String type = TYPES.get(random.nextInt(TYPES.size()));
                String name = name();
                // A bad cluster is refused with all others of its response, and a bad route keeps clusters that are
                // gone.
                boolean mayBeBad = type.equals(TypeUrls.ENDPOINT) || type.equals(TypeUrls.RUNTIME);
                String kind = random.nextInt(8) == 0 && mayBeBad ? "bad" : "good";
                switch (random.nextInt(4)) {
                    case 0 -> update.remove(type, name);
                    case 1 -> update.hide(type, name);
                    default -> update.put(XdsFixture.resource(type, name, kind + content++ % 7 + "/" + name));
                }
            }
            (random.nextBoolean() ? fixture.base : over).update(update);
        }

        final String name() {
            return "n" + random.nextInt(NAMES);
        }

        private void check() {
            for (String type : TYPES) {
                Had had = types.get(type);
                Map<String, String> wanted = new TreeMap<>();
                for (int i = 0; i < NAMES; i++) {
                    String name = "n" + i;
                    Resource resource = view.resource(type, name);
                    boolean interested = had.asked && (had.wildcard || had.names.contains(name));
                    if (interested && resource != null) {
                        wanted.put(name, resource.body().toStringUtf8());
                    }
                }
                wanted.forEach((name, body) -> {
                    if (body.startsWith("good")) {
                        assertThat(had.bodies).as(type).containsEntry(name, body);
                    }
                });
                gone(type, had, wanted);
            }
        }

        abstract void subscription(String type, Had had);

        abstract void fence();

        abstract void settle();

        abstract void gone(String type, Had had, Map<String, String> wanted);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void delta(int seed) {
        DeltaPlayer player = new DeltaPlayer(seed);
        try {
            player.play();
        } finally {
            player.fixture.close();
        }
    }

    private static final class DeltaPlayer extends Player {
        final DeltaClient client = fixture.delta();

        DeltaPlayer(int seed) {
            super(seed);
        }

        @Override
        void subscription(String type, Had had) {
            String name = random.nextInt(5) == 0 ? "*" : name();
            boolean on = random.nextInt(3) > 0;
            had.asked = true;
            if (on) {
                client.subscribe(type, name);
                if (name.equals("*")) {
                    had.wildcard = true;
                } else {
                    had.names.add(name);
                }
            } else if (had.wildcard || !had.names.isEmpty()) {
                client.unsubscribe(type, name);
                if (name.equals("*")) {
                    had.wildcard = false;
                } else {
                    had.names.remove(name);
                }
                had.bodies.keySet().removeIf(n -> !had.wildcard && !had.names.contains(n));
            } else {
                client.subscribe(type, name);
                had.wildcard |= name.equals("*");
                if (!name.equals("*")) {
                    had.names.add(name);
                }
            }
        }

        @Override
        void fence() {
            client.subscribe(XdsFixture.FENCE, fixture.fence());
            client.ack(client.next(XdsFixture.FENCE));
        }

        @Override
        void settle() {
            // Twice: what one push sends may come after the fence of the same push.
            int quiet = 0;
            while (quiet < 2) {
                quiet++;
                client.subscribe(XdsFixture.FENCE, fixture.fence());
                DeltaDiscoveryResponse response = client.next();
                while (!response.getTypeUrl().equals(XdsFixture.FENCE)) {
                    quiet = 0;
                    handle(response);
                    response = client.next();
                }
                client.ack(response);
            }
        }

        private void handle(DeltaDiscoveryResponse response) {
            Had had = types.get(response.getTypeUrl());
            assertThat(response.getNonce()).isNotEqualTo(had.nonce);
            had.nonce = response.getNonce();
            boolean bad = response.getResourcesList().stream()
                    .anyMatch(r -> r.getResource().getValue().toStringUtf8().startsWith("bad"));
            if (bad) {
                client.nack(response, "bad");
                // As Envoy does, which takes removals and what is refused apart.
                response.getRemovedResourcesList().forEach(had.bodies::remove);
                return;
            }
            response.getResourcesList().forEach(r -> {
                if (had.wildcard || had.names.contains(r.getName())) {
                    had.bodies.put(r.getName(), r.getResource().getValue().toStringUtf8());
                }
            });
            response.getRemovedResourcesList().forEach(had.bodies::remove);
            client.ack(response);
        }

        @Override
        void gone(String type, Had had, Map<String, String> wanted) {
            assertThat(wanted.keySet()).as(type).containsAll(had.bodies.keySet());
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void stateOfTheWorld(int seed) {
        SotwPlayer player = new SotwPlayer(seed);
        try {
            player.play();
        } finally {
            player.fixture.close();
        }
    }

    private static final class SotwPlayer extends Player {
        final SotwClient client = fixture.sotw();

        SotwPlayer(int seed) {
            super(seed);
        }

        @Override
        void subscription(String type, Had had) {
            if (!had.asked) {
                had.asked = true;
                had.wildcard = random.nextBoolean();
                if (!had.wildcard) {
                    had.names.add(name());
                }
            } else if (had.wildcard) {
                return;
            } else if (random.nextBoolean() || had.names.isEmpty()) {
                had.names.add(name());
            } else {
                had.names.remove(name());
            }
            had.bodies.keySet().removeIf(n -> !had.wildcard && !had.names.contains(n));
            client.request(type, had.version, had.nonce, new ArrayList<>(had.names));
        }

        @Override
        void fence() {
            String name = fixture.fence();
            client.request(XdsFixture.FENCE, "", "", List.of(name));
            DiscoveryResponse response = client.next(XdsFixture.FENCE);
            client.ack(response, name);
        }

        @Override
        void settle() {
            // Twice: what one push sends may come after the fence of the same push.
            int quiet = 0;
            while (quiet < 2) {
                quiet++;
                String name = fixture.fence();
                client.request(XdsFixture.FENCE, "", "", List.of(name));
                DiscoveryResponse response = client.next();
                while (!response.getTypeUrl().equals(XdsFixture.FENCE)) {
                    quiet = 0;
                    handle(response);
                    response = client.next();
                }
                client.ack(response, name);
            }
        }

        private void handle(DiscoveryResponse response) {
            Had had = types.get(response.getTypeUrl());
            assertThat(response.getNonce()).isNotEqualTo(had.nonce);
            had.nonce = response.getNonce();
            List<String> bodies = response.getResourcesList().stream()
                    .map(Any::getValue)
                    .map(v -> v.toStringUtf8())
                    .toList();
            String[] names = had.names.toArray(String[]::new);
            if (bodies.stream().anyMatch(b -> b.startsWith("bad")) && !(had.wildcard)) {
                client.nack(response, had.version, "bad", names);
                return;
            }
            had.version = response.getVersionInfo();
            if (had.wildcard || TypeUrls.wholeState(response.getTypeUrl())) {
                had.bodies.clear();
            }
            for (String body : bodies) {
                String name = body.substring(body.indexOf('/') + 1);
                if (had.wildcard || had.names.contains(name)) {
                    had.bodies.put(name, body);
                }
            }
            client.ack(response, names);
        }

        @Override
        void gone(String type, Had had, Map<String, String> wanted) {
            if (had.wildcard || TypeUrls.wholeState(type)) {
                assertThat(wanted.keySet()).as(type).containsAll(had.bodies.keySet());
            }
        }
    }
}
