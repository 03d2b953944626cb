package dev.mishap.proxy.rules.config;

import static dev.mishap.proxy.rules.config.ConfiguredProxy.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code rules} of the DNS proxy, over UDP and TCP. */
@Timeout(60)
class ConfiguredDnsFaultsTest {
    private static final String RULES =
            "rules: [{name: nx, dns: {nxdomain: true}, scope: {question: {name: {suffix: .internal}, types: [A]}}},"
                    + "{name: other, experiment_id: E1, dns: {servfail: true}}]";

    @TempDir
    private Path directory;

    private ConfiguredProxy proxy;

    @BeforeEach
    void open() throws Exception {
        proxy = new ConfiguredProxy(directory);
    }

    @AfterEach
    void close() throws Exception {
        proxy.close();
    }

    private static String filter(String name, String rules) {
        return "{name: " + name + ", typed_config: {'@type': type.googleapis.com/mishap.filters.udp.dns.v1.DnsProxy,"
                + " stat_prefix: d, upstreams: [{socket_address: {address: 127.0.0.1, port_value: 1}}], " + rules
                + "}}";
    }

    private static String udp(String rules) {
        return """
                node: {id: node-1, cluster: front}
                static_resources:
                  listeners:
                  - name: dns
                    address: {socket_address: {address: 127.0.0.1, port_value: 0, protocol: UDP}}
                    udp_listener_config: {}
                    listener_filters: [%s]
                """.formatted(filter("mishap.filters.udp.dns_proxy", rules));
    }

    private static byte[] question(String name, int type) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(0x1234);
        out.writeShort(0x0100);
        out.writeShort(1);
        out.write(new byte[6]);
        for (String label : name.split("\\.")) {
            out.write(label.length());
            out.write(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.write(0);
        out.writeShort(type);
        out.writeShort(1);
        return bytes.toByteArray();
    }

    private int rcodeByUdp(String name, int type) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(20_000);
            byte[] question = question(name, type);
            socket.send(new DatagramPacket(question, question.length, InetAddress.getLoopbackAddress(), proxy.port()));
            DatagramPacket answer = new DatagramPacket(new byte[512], 512);
            socket.receive(answer);
            return answer.getData()[3] & 15;
        }
    }

    @Test
    void rulesActOnQuestionsOverUdp() throws Exception {
        proxy.startYaml(udp(RULES));

        assertThat(rcodeByUdp("db.internal", 1)).isEqualTo(3);
        assertThat(rcodeByUdp("db.internal", 28)).isEqualTo(2);
        assertThat(proxy.stat("mishap.rule.nx.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.rule.other.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.rule.other.suppressed_superseded")
                        + proxy.stat("mishap.rule.nx.suppressed_superseded"))
                .isEqualTo(1);
        assertThat(proxy.stat("mishap.experiment.E1.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.questions_touched")).isEqualTo(2);
    }

    @Test
    void rulesActOnQuestionsOverTcp() throws Exception {
        proxy.start(filter("mishap.filters.network.dns_proxy", RULES));
        try (Socket socket = proxy.connect()) {
            byte[] question = question("db.internal", 28);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeShort(question.length);
            out.write(question);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readUnsignedShort()];
            in.readFully(answer);
            assertThat(answer[3] & 15).isEqualTo(2);
        }
    }

    @Test
    void rulesComeAndGoByDiscovery() throws Exception {
        proxy.pushRules("d", "1", "");
        proxy.startYaml(udp(proxy.discovered("d") + ", rules: [{name: six, dns: {nxdomain: true},"
                + " scope: {question: {types: [AAAA]}}}]"));
        assertThat(rcodeByUdp("db.internal", 28)).isEqualTo(3);

        proxy.pushRules("d", "2", "{name: refused, dns: {refused: true}, scope: {question: {types: [A]}}}");
        await(() -> proxy.stat("extension_config_discovery.dns_rules.d.config_reload") == 2);
        assertThat(rcodeByUdp("db.internal", 1)).isEqualTo(5);
        assertThat(rcodeByUdp("db.internal", 28)).isEqualTo(3);

        proxy.pushRules("d", "3", "{name: six, dns: {refused: true}}");
        await(() -> proxy.stat("extension_config_discovery.dns_rules.d.config_fail") == 1);
        assertThat(rcodeByUdp("db.internal", 1)).isEqualTo(5);
    }

    @Test
    void rulesOfOtherThingsAreRefused() {
        assertThatThrownBy(() -> proxy.load(udp("rules: [{name: a, latency: {fixed: 1s}}]"))
                        .close())
                .hasMessageContaining(
                        "rules[0].latency: acts on a connection, which a DNS proxy has nothing to do with");
        assertThatThrownBy(() -> proxy.load(udp("rules: [{name: a, dns: {address: {addresses: [host]}}}]"))
                        .close())
                .hasMessageContaining("AddressesValidationError.Addresses[0]: value does not match regex pattern");
    }

    /** A connected socket takes datagrams from nowhere else. */
    @Test
    void anAnswerLeavesFromTheAddressThatWasAsked() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(
                dev.mishap.proxy.transport.Transport.best() == dev.mishap.proxy.transport.Transport.EPOLL,
                "needs epoll");
        proxy.startYaml(udp(RULES).replace("address: 127.0.0.1, port_value: 0", "address: 0.0.0.0, port_value: 0"));
        int answered = 0;
        for (int round = 0; round < 20; round++) {
            for (String address : new String[] {"127.0.0.1", "127.0.0.7", "127.9.9.9"}) {
                try (DatagramSocket socket = new DatagramSocket()) {
                    socket.setSoTimeout(20_000);
                    socket.connect(InetAddress.getByName(address), proxy.port());
                    byte[] question = question("db.internal", 1);
                    socket.send(new DatagramPacket(question, question.length));
                    DatagramPacket answer = new DatagramPacket(new byte[512], 512);
                    socket.receive(answer);
                    answered += answer.getData()[3] & 15;
                }
            }
        }
        assertThat(answered).isEqualTo(20 * 3 * 3);
        assertThat(proxy.stat("mishap.rule.nx.touched")).isEqualTo(60);
    }
}
