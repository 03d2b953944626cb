package dev.mishap.control.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mishap.control.base.Base;
import dev.mishap.control.overlay.Overlay;
import dev.mishap.control.security.Certificates;
import dev.mishap.control.xds.DemandListener;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.control.xds.XdsServer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamSecurityTest {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final ScheduledExecutorService reloader = Executors.newSingleThreadScheduledExecutor();

    @TempDir
    private Path directory;

    @AfterEach
    void stop() {
        reloader.shutdownNow();
    }

    /** Notes what streams are begun with. */
    private static final class Begun implements ServerInterceptor {
        private final BlockingQueue<String> tokens = new LinkedBlockingQueue<>();

        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            tokens.add(String.valueOf(headers.get(AUTHORIZATION)));
            return next.startCall(call, headers);
        }
    }

    private static int deadPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void reachesItByMutualTlsWithATokenAtTheAddressThatAnswers() throws Exception {
        assumeTrue(Certificates.available(), "needs openssl");
        Certificates certificates = new Certificates(directory);
        certificates.selfSigned("server", List.of("-newkey", "rsa:2048"), "DNS:istiod.example");
        certificates.selfSigned("client", List.of("-newkey", "rsa:2048"), "DNS:overlay.example");
        Path token = Files.writeString(directory.resolve("token"), "first\n");
        Begun begun = new Begun();
        ResourceLayer layer = ResourceLayer.named("theirs");
        layer.update(new ViewUpdate()
                .put(Resource.of(Cluster.newBuilder().setName("c").build())));
        XdsServer upstream = XdsServer.builder((node, peer) -> ResourceView.of(layer))
                .credentials(TlsServerCredentials.newBuilder()
                        .keyManager(
                                certificates.file("server.crt").toFile(),
                                certificates.file("server.key").toFile())
                        .trustManager(certificates.file("client.crt").toFile())
                        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                        .build())
                .interceptor(begun)
                .start();
        UpstreamSecurity security = new UpstreamSecurity(
                false,
                certificates.file("server.crt"),
                certificates.file("client.crt"),
                certificates.file("client.key"),
                "istiod.example",
                token);
        try (Overlay overlay = new Overlay(
                        List.of("127.0.0.1:" + deadPort(), "127.0.0.1:" + upstream.port()),
                        security.open(reloader),
                        1);
                Base base = overlay.of(NodeInfo.of(Node.newBuilder().setId("n").build()))) {
            // As a node's stream does.
            ((DemandListener) base).wanted(TypeUrls.CLUSTER, "c");
            assertThat(begun.tokens.poll(30, TimeUnit.SECONDS)).isEqualTo("Bearer first");
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (base.layer().resource(TypeUrls.CLUSTER, "c").isEmpty()) {
                assertThat(System.nanoTime()).as("within 30 s").isLessThan(deadline);
                Thread.onSpinWait();
            }
        } finally {
            upstream.close();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "10.0.0.1:15010 | false | -  | -  | t | a token is not sent in clear text beyond this machine; add --upstream-xds-tls",
                "127.0.0.1:15010,10.0.0.1:15010 | false | - | - | t | a token is not sent in clear text",
                "10.0.0.1:15010 | true  | c  | -  | - | --upstream-xds-cert and --upstream-xds-key are given together",
                "-              | true  | -  | -  | - | flags say how --upstream-xds is reached, which is not given",
            })
    void refusesWhatCannotBeMeant(
            @Nullable String upstreams,
            boolean tls,
            @Nullable Path certificate,
            @Nullable Path key,
            @Nullable Path token,
            String problem) {
        List<String> targets = upstreams == null ? List.of() : List.of(upstreams.split(","));
        assertThatThrownBy(() -> new UpstreamSecurity(tls, null, certificate, key, "", token).check(targets))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void namesTheFileThatCannotBeUsed() throws Exception {
        Path bad = Files.writeString(directory.resolve("bad.pem"), "nothing");
        assertThatThrownBy(() -> new UpstreamSecurity(true, bad, null, null, "", null).open(reloader))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("bad.pem");
        assertThatThrownBy(() ->
                        new UpstreamSecurity(true, null, null, null, "", directory.resolve("absent")).open(reloader))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("absent");
    }
}
