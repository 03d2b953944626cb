package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.rules.ProvesFault;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each fault of bytes as the two raw peers see it: on the client's connection and on the one upstream, in each direction. The clock of
 * these tests is that of who receives: nothing may arrive before its time.
 */
@Timeout(60)
class ByteFaultsOnEitherSideTest {
    /** The proxy's connection that a rule acts on. */
    private enum On {
        CLIENTS(""),
        UPSTREAM(" when endpoint address = 127.0.0.0/8");

        final String scope;

        On(String scope) {
            this.scope = scope;
        }
    }

    /** Where the bytes go. */
    private enum To {
        UPSTREAM,
        DOWNSTREAM;

        String word() {
            return " " + name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    static List<Arguments> all() {
        List<Arguments> all = new ArrayList<>();
        for (On on : On.values()) {
            for (To to : To.values()) {
                all.add(Arguments.of(on, to));
            }
        }
        return all;
    }

    @TempDir
    private Path directory;

    private FaultRig rig;
    private Socket client;
    private Socket service;

    @BeforeEach
    void start() throws IOException {
        rig = new FaultRig(directory, "");
    }

    @AfterEach
    void stop() throws IOException {
        for (Socket each : new Socket[] {client, service}) {
            if (each != null) {
                each.close();
            }
        }
        rig.close();
    }

    private void connect() throws IOException {
        client = rig.client();
        service = rig.accept();
    }

    /** Puts a rule about one direction in place, and makes a connection. */
    private void connect(On on, To to, String fault) throws IOException {
        rig.rules(fault + to.word() + on.scope + " seed 9");
        connect();
    }

    private Socket sender(To to) {
        return to == To.UPSTREAM ? client : service;
    }

    private Socket receiver(To to) {
        return to == To.UPSTREAM ? service : client;
    }

    private static byte[] random(int size) {
        byte[] data = new byte[size];
        new Random(size).nextBytes(data);
        return data;
    }

    /** The other direction is as if nothing were. */
    private void otherWayPasses(To to) throws IOException {
        byte[] data = random(5000);
        receiver(to).getOutputStream().write(data);
        assertThat(sender(to).getInputStream().readNBytes(data.length)).isEqualTo(data);
    }

    /** How many bytes may have arrived after some time. */
    private interface Most {
        long bytes(long nanos);
    }

    private static void arrives(Socket receiver, byte[] data, long startNanos, Most most) throws IOException {
        byte[] got = new byte[data.length];
        int at = 0;
        while (at < got.length) {
            int n = receiver.getInputStream().read(got, at, got.length - at);
            assertThat(n).isPositive();
            at += n;
            assertThat((long) at).isLessThanOrEqualTo(most.bytes(System.nanoTime() - startNanos));
        }
        assertThat(got).isEqualTo(data);
    }

    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("latency")
    void latency(On on, To to) throws IOException {
        connect(on, to, "latency 40ms jitter 10ms");
        byte[] data = random(3000);
        long start = System.nanoTime();
        sender(to).getOutputStream().write(data);
        arrives(receiver(to), data, start, nanos -> nanos < 30_000_000 ? 0 : data.length);
        otherWayPasses(to);
    }

    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("bandwidth")
    void bandwidth(On on, To to) throws IOException {
        connect(on, to, "bandwidth 100KiB/s");
        byte[] data = random(20_000);
        long start = System.nanoTime();
        sender(to).getOutputStream().write(data);
        arrives(receiver(to), data, start, nanos -> nanos * 102_400 / 1_000_000_000);
        otherWayPasses(to);
    }

    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("slice")
    void slice(On on, To to) throws IOException {
        connect(on, to, "slice 90 bytes vary 10 every 2ms");
        byte[] data = random(6000);
        long start = System.nanoTime();
        sender(to).getOutputStream().write(data);
        // The first piece at once, one more each two milliseconds.
        arrives(receiver(to), data, start, nanos -> 100 + nanos / 2_000_000 * 100);
        otherWayPasses(to);
    }

    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("corrupt")
    void corruptByPattern(On on, To to) throws IOException {
        connect(on, to, "corrupt pattern 5a5a5a at 4998");
        byte[] data = random(20_000);
        sender(to).getOutputStream().write(data, 0, 5000);
        byte[] expected = data.clone();
        Arrays.fill(expected, 4998, 5001, (byte) 'Z');
        assertThat(receiver(to).getInputStream().readNBytes(5000)).isEqualTo(Arrays.copyOf(expected, 5000));
        sender(to).getOutputStream().write(data, 5000, 15_000);
        assertThat(receiver(to).getInputStream().readNBytes(15_000))
                .isEqualTo(Arrays.copyOfRange(expected, 5000, 20_000));
        otherWayPasses(to);
    }

    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("corrupt")
    void corruptByShare(On on, To to) throws IOException {
        connect(on, to, "corrupt 10% at 1000");
        byte[] data = random(11_000);
        sender(to).getOutputStream().write(data);
        byte[] got = receiver(to).getInputStream().readNBytes(data.length);
        int changed = 0;
        for (int i = 0; i < data.length; i++) {
            int bits = Integer.bitCount((data[i] ^ got[i]) & 0xff);
            assertThat(bits).as("byte " + i).isLessThanOrEqualTo(i < 1000 ? 0 : 1);
            changed += bits;
        }
        assertThat(changed).isBetween(850, 1150);
        otherWayPasses(to);
    }

    /** The receiver gets so many bytes and a FIN; the sender cannot go on either. */
    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("limitData")
    void limitData(On on, To to) throws IOException {
        connect(on, to, "limit-data 1500 bytes");
        otherWayPasses(to);
        byte[] data = random(5000);
        sender(to).getOutputStream().write(data);
        assertThat(receiver(to).getInputStream().readNBytes(5000)).isEqualTo(Arrays.copyOf(data, 1500));
        receiver(to).close();
        assertThat(FaultRig.end(sender(to))).isNotEqualTo(FaultRig.End.OPEN);
        FaultRig.await(() -> rig.stat("mishap.active_connection_faults") == 0);
    }

    /** A receiver that reads more slowly than the sender writes gets all of them all the same. */
    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("limitData")
    void limitDataOfASlowReader(On on, To to) throws Exception {
        int limit = 12 << 20;
        rig.service.setReceiveBufferSize(8192);
        connect(on, to, "limit-data " + limit + " bytes");
        byte[] data = random(limit + 1000);
        Socket from = sender(to);
        Thread writer = new Thread(() -> {
            try {
                from.getOutputStream().write(data);
            } catch (IOException cutOff) {
                // The limit is reached.
            }
        });
        writer.start();
        byte[] got = new byte[limit];
        int at = 0;
        int n;
        while ((n = receiver(to).getInputStream().read(got, at, Math.min(4000, limit - at))) > 0) {
            at += n;
        }
        assertThat(at).isEqualTo(limit);
        assertThat(got).isEqualTo(Arrays.copyOf(data, limit));
        assertThat(receiver(to).getInputStream().read()).isNegative();
        receiver(to).close();
        writer.join(20_000);
        assertThat(writer.isAlive()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("slowClose")
    void slowClose(On on, To to) throws IOException {
        rig.rules("slow-close 120ms" + on.scope);
        connect();
        FaultRig.send(sender(to), "last");
        long start = System.nanoTime();
        sender(to).shutdownOutput();
        assertThat(FaultRig.read(receiver(to), 4)).isEqualTo("last");
        assertThat(receiver(to).getInputStream().read()).isNegative();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(120_000_000L);
        // The other direction is open, and its end as slow.
        otherWayPasses(to);
        start = System.nanoTime();
        receiver(to).close();
        assertThat(sender(to).getInputStream().read()).isNegative();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(120_000_000L);
    }

    /** A rule that finds the connection there, and under other rules, counts its bytes from then on. */
    @ParameterizedTest
    @MethodSource("all")
    void rulesThatComeLaterCountFromThen(On on, To to) throws IOException {
        String slices = "slice 4000 bytes" + on.scope;
        rig.rules(slices);
        connect();
        otherWayPasses(to);
        FaultRig.send(sender(to), "before");
        assertThat(FaultRig.read(receiver(to), 6)).isEqualTo("before");
        rig.rules(slices, "corrupt pattern 5a at 2" + to.word() + on.scope);
        FaultRig.await(() -> rig.stat("mishap.corrupt_injected") == 1);
        FaultRig.send(sender(to), "first");
        assertThat(FaultRig.read(receiver(to), 5)).isEqualTo("fiZst");
        rig.rules(slices, "limit-data 7 bytes" + to.word() + on.scope);
        FaultRig.await(() -> rig.stat("mishap.limit_data_injected") == 1);
        FaultRig.send(sender(to), "seven");
        assertThat(FaultRig.read(receiver(to), 5)).isEqualTo("seven");
        // One more rule, and the limit counts on.
        rig.rules(slices, "limit-data 7 bytes" + to.word() + on.scope, "latency 1ms" + on.scope);
        FaultRig.await(() -> rig.stat("mishap.latency_injected") == 1);
        FaultRig.send(sender(to), "seven");
        assertThat(FaultRig.read(receiver(to), 5)).isEqualTo("se");
    }

    @ParameterizedTest
    @MethodSource("all")
    void endsThatComeLaterCountFromThen(On on, To to) throws IOException {
        String slices = "slice 4000 bytes" + on.scope;
        rig.rules(slices);
        connect();
        otherWayPasses(to);
        rig.rules(slices, "close after 7 bytes" + (on == On.UPSTREAM ? " upstream" : ""));
        FaultRig.await(() -> rig.stat("mishap.close_injected") == 1);
        FaultRig.send(sender(to), "seven");
        assertThat(FaultRig.read(receiver(to), 5)).isEqualTo("seven");
        FaultRig.send(sender(to), "seven");
        assertThat(FaultRig.read(receiver(to), 5)).isEqualTo("se");
    }

    /** One direction cut: it waits for the rule's end, then all of it arrives. */
    @ParameterizedTest
    @MethodSource("all")
    @ProvesFault("partition")
    void partition(On on, To to) throws IOException {
        connect();
        otherWayPasses(to);
        rig.rules("partition" + to.word() + " when endpoint address = 127.0.0.0/8");
        FaultRig.await(() -> rig.stat("mishap.upstream_connections_touched") == 1);
        byte[] data = random(30_000);
        sender(to).getOutputStream().write(data);
        otherWayPasses(to);
        receiver(to).setSoTimeout(100);
        assertThat(FaultRig.end(receiver(to))).isEqualTo(FaultRig.End.OPEN);
        receiver(to).setSoTimeout(20_000);
        rig.rules();
        assertThat(receiver(to).getInputStream().readNBytes(data.length)).isEqualTo(data);
    }
}
