package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.rules.KillSwitch;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections upstream that wait to be made, under the rules of the API and those of their cluster at once. */
@Timeout(60)
class UpstreamGatesTest {
    private static final String ANY = " when endpoint address = 127.0.0.0/8";

    @TempDir
    private Path directory;

    private static String cluster(String rule) {
        return "typed_extension_protocol_options: {mishap.clusters.fault: {\"@type\":"
                + " type.googleapis.com/mishap.clusters.fault.v1.ClusterFault, rules: [{name: own, " + rule + "}]}}";
    }

    private static void nothingIsConnected(FaultRig rig) throws IOException {
        rig.service.setSoTimeout(150);
        try (Socket early = rig.service.accept()) {
            throw new AssertionError("connected: " + early);
        } catch (SocketTimeoutException nobody) {
            rig.service.setSoTimeout(20_000);
        }
    }

    @Test
    void aPartitionThatHealsLeavesTheClustersOwnInPlace() throws IOException {
        try (FaultRig rig = new FaultRig(directory, cluster("partition: {}"))) {
            rig.rules("partition" + ANY);
            try (Socket client = rig.client()) {
                FaultRig.send(client, "hello");
                FaultRig.await(() -> rig.stat("mishap.partition_injected") == 2);
                rig.rules();
                nothingIsConnected(rig);
                // Refused by another rule, what still waits fails.
                rig.rules("partition refuse" + ANY);
                assertThat(FaultRig.end(client)).isNotEqualTo(FaultRig.End.OPEN);
            }
        }
    }

    @Test
    void aPartitionThatHealsLetsConnectUnderTheClustersFaults() throws IOException {
        try (FaultRig rig = new FaultRig(directory, cluster("corrupt: {pattern: 5a, direction: TO_UPSTREAM}"))) {
            rig.rules("partition" + ANY);
            try (Socket client = rig.client()) {
                FaultRig.send(client, "hello");
                FaultRig.await(() -> rig.stat("mishap.partition_injected") == 1);
                nothingIsConnected(rig);
                rig.rules();
                try (Socket service = rig.accept()) {
                    assertThat(FaultRig.read(service, 5)).isEqualTo("Zello");
                }
            }
        }
    }

    @Test
    void aDelayDoesNotEndAPartitionThatCameMeanwhile() throws IOException {
        try (FaultRig rig = new FaultRig(directory, "")) {
            rig.rules("connect-delay 50ms" + ANY);
            try (Socket client = rig.client()) {
                FaultRig.send(client, "hello");
                FaultRig.await(() -> rig.stat("mishap.connect_delay_injected") == 1);
                rig.rules("partition" + ANY);
                if (rig.stat("cluster.service.upstream_rq_total") == 0) {
                    nothingIsConnected(rig);
                }
                rig.rules();
                try (Socket service = rig.accept()) {
                    assertThat(FaultRig.read(service, 5)).isEqualTo("hello");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void theKillSwitchEndsAConnectDelay(int listener) throws IOException {
        try (FaultRig rig = new FaultRig(directory, cluster("connect_delay: {fixed: 1800s}"))) {
            rig.rules("connect-delay 20m" + ANY);
            try (Socket client = rig.client(listener)) {
                FaultRig.send(client, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
                FaultRig.await(() -> rig.stat("mishap.connect_delay_injected") == 2);
                nothingIsConnected(rig);
                rig.server.rules().killSwitch().kill(KillSwitch.Cause.API, "test");
                try (Socket service = rig.accept()) {
                    assertThat(FaultRig.read(service, 14)).isEqualTo("GET / HTTP/1.1");
                }
            }
            FaultRig.await(() -> rig.stat("mishap.active_connection_faults") == 0);
        }
    }

    @Test
    void aDelayThatLosesItsRuleEnds() throws IOException {
        try (FaultRig rig = new FaultRig(directory, "")) {
            rig.rules("connect-delay 20m" + ANY, "connect-delay 30m" + ANY);
            try (Socket client = rig.client()) {
                FaultRig.send(client, "hello");
                FaultRig.await(() -> rig.stat("mishap.connect_delay_injected") == 2);
                rig.rules("connect-delay 20m" + ANY);
                nothingIsConnected(rig);
                rig.rules();
                try (Socket service = rig.accept()) {
                    assertThat(FaultRig.read(service, 5)).isEqualTo("hello");
                }
            }
        }
    }

    @Test
    void whoGivesUpWhileItWaitsLeavesNothing() throws IOException {
        try (FaultRig rig = new FaultRig(directory, cluster("connect_delay: {fixed: 1800s}"))) {
            rig.rules("partition" + ANY);
            for (int i = 0; i < 10; i++) {
                try (Socket client = rig.client()) {
                    client.setSoLinger(true, 0);
                } catch (ConnectException e) {
                    throw new AssertionError(e);
                }
            }
            FaultRig.await(() -> rig.stat("mishap.upstream_connections_touched") >= 10);
            FaultRig.await(() -> rig.stat("mishap.active_connection_faults") == 0);
            assertThat(rig.stat("cluster.service.upstream_cx_active")).isZero();
        }
    }
}
