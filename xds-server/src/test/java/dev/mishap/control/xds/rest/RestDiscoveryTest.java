package dev.mishap.control.xds.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import dev.mishap.control.base.MessageReader;
import dev.mishap.control.base.MessageWriter;
import dev.mishap.control.http.Admission;
import dev.mishap.control.http.HttpOptions;
import dev.mishap.control.http.HttpServer;
import dev.mishap.control.http.RequestCounts;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import dev.mishap.control.xds.AccessDeniedException;
import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeStatus;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.control.xds.XdsServer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Polling, over a real socket. */
class RestDiscoveryTest {
    private final ResourceLayer base = ResourceLayer.named("base");
    private final ResourceLayer over = ResourceLayer.named("over");
    private final HttpClient http = HttpClient.newHttpClient();
    private final XdsServer xds = XdsServer.builder((node, peer) -> {
                if (node.id().equals("stranger")) {
                    throw new AccessDeniedException("stranger is not yours");
                }
                return ResourceView.of(base, over);
            })
            .start();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        Admission all = new Admission() {
            @Override
            public Caller admit(Credentials credentials) {
                return admitAnyone(credentials);
            }

            @Override
            public Caller admitAnyone(Credentials credentials) {
                return new Caller("node", credentials.address(), List.of());
            }
        };
        server = HttpServer.start(
                new RestDiscovery(xds.polling()).routes(),
                all,
                HttpOptions.at("127.0.0.1", 0),
                new RequestCounts(),
                null);
    }

    @AfterEach
    void stop() {
        server.close();
        xds.close();
    }

    private HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + path);
        return http.send(
                HttpRequest.newBuilder(uri)
                        .header("content-type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    @Test
    void aPollGetsAllOnceAndThenWhatIsNew() throws Exception {
        base.update(new ViewUpdate()
                .put(Resource.of(Cluster.newBuilder()
                        .setName("c")
                        .setConnectTimeout(Duration.newBuilder().setNanos(250_000_000))
                        .build())));
        HttpResponse<String> first = post("/v3/discovery:clusters", "{\"node\":{\"id\":\"n\"}}");
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.body())
                .contains("\"@type\":\"type.googleapis.com/envoy.config.cluster.v3.Cluster\"")
                .contains("\"connect_timeout\":\"0.25s\"");
        String version = first.body().replaceAll(".*\"version_info\":\"([^\"]*)\".*", "$1");
        String again = "{\"node\":{\"id\":\"n\"},\"version_info\":\"" + version + "\"}";
        assertThat(post("/v3/discovery:clusters", again).statusCode()).isEqualTo(304);
        base.update(new ViewUpdate()
                .put(Resource.of(Cluster.newBuilder().setName("d").build())));
        assertThat(post("/v3/discovery:clusters", again).body()).contains("\"name\":\"d\"");
        assertThat(post("/v3/discovery:clusters", "{\"node\":{\"id\":\"n\"},\"resource_names\":[\"d\"]}")
                        .body())
                .contains("\"name\":\"d\"")
                .doesNotContain("\"name\":\"c\"");
    }

    @Test
    void whoAsksForSomethingElseIsToldWhatThereIs() throws Exception {
        HttpResponse<String> answer = post("/v2/discovery:clusters", "{}");
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.body())
                .contains("there is no /v2/discovery:clusters here; there is POST /v3/discovery:")
                .doesNotContain("openapi");
    }

    @Test
    void whatWouldNeverEndIsNotServed() throws Exception {
        base.update(new ViewUpdate().put(fault(0)));
        over.update(new ViewUpdate().put(fault(7).withTtl(java.time.Duration.ofSeconds(5))));
        String body = post("/v3/discovery:extension_configs", "{\"resource_names\":[\"f\"]}")
                .body();
        assertThat(body).contains("HTTPFault").doesNotContain("max_active_faults");
        over.update(new ViewUpdate().put(fault(7)));
        assertThat(post("/v3/discovery:extension_configs", "{\"resource_names\":[\"f\"]}")
                        .body())
                .contains("\"max_active_faults\":7");
    }

    private static Resource fault(int active) {
        HTTPFault.Builder fault = HTTPFault.newBuilder();
        if (active > 0) {
            fault.setMaxActiveFaults(UInt32Value.of(active));
        }
        return Resource.of(TypedExtensionConfig.newBuilder()
                .setName("f")
                .setTypedConfig(Any.pack(fault.build()))
                .build());
    }

    @Test
    void mistakesAreTold() throws Exception {
        assertThat(post("/v3/discovery:clusters", "{").statusCode()).isEqualTo(400);
        assertThat(post("/v3/discovery:clusters", "{\"nodes\":1}").body()).contains("nodes");
        assertThat(post("/v3/discovery:clusters", "{\"type_url\":\"x\"}").statusCode())
                .isEqualTo(400);
        assertThat(post("/v3/discovery:clusters", "[".repeat(200)).statusCode()).isEqualTo(400);
        assertThat(post("/v3/discovery:nothing", "{}").statusCode()).isEqualTo(404);
        HttpResponse<String> stranger = post("/v3/discovery:clusters", "{\"node\":{\"id\":\"stranger\"}}");
        assertThat(stranger.statusCode()).isEqualTo(403);
        assertThat(stranger.body()).contains("stranger is not yours");
        URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + "/v3/discovery:clusters");
        assertThat(http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding())
                        .statusCode())
                .isEqualTo(405);
    }

    @Test
    void whoPollsIsInTheFleet() throws Exception {
        base.update(new ViewUpdate()
                .put(Resource.of(Cluster.newBuilder().setName("c").build())));
        String first =
                post("/v3/discovery:clusters", "{\"node\":{\"id\":\"n\"}}").body();
        ConnectedStream node = xds.fleet().streams("n").iterator().next();
        assertThat(node.polls()).isTrue();
        assertThat(node.types().get(0).state()).isEqualTo(TypeStatus.State.SENT);
        String version = first.replaceAll(".*\"version_info\":\"([^\"]*)\".*", "$1");
        String has = "{\"node\":{\"id\":\"n\"},\"version_info\":\"" + version + "\"}";
        post("/v3/discovery:clusters", has);
        assertThat(node.types().get(0).state()).isEqualTo(TypeStatus.State.ACKED);
        base.update(new ViewUpdate()
                .put(Resource.of(Cluster.newBuilder().setName("d").build())));
        post("/v3/discovery:clusters", has);
        assertThat(node.types().get(0).state()).isEqualTo(TypeStatus.State.SENT);
        // It has had the answer, and asks as if it had not.
        post("/v3/discovery:clusters", has);
        assertThat(node.types().get(0).state()).isEqualTo(TypeStatus.State.NACKED);
        assertThat(node.sent().toCompletableFuture().join()).hasSize(2);
        // A node is the same in whatever order its metadata stand.
        post("/v3/discovery:routes", "{\"node\":{\"id\":\"o\",\"metadata\":{\"a\":1,\"b\":{\"x\":1,\"y\":2}}}}");
        post("/v3/discovery:routes", "{\"node\":{\"metadata\":{\"b\":{\"y\":2,\"x\":1},\"a\":1},\"id\":\"o\"}}");
        assertThat(xds.fleet().streams("o")).hasSize(1);
        assertThat(xds.fleet().streams("n")).hasSize(1);
    }

    @Test
    void sourcesOfAStreamBecomeSourcesToPollFrom() throws Exception {
        base.update(new ViewUpdate()
                .put(Resource.of(Cluster.newBuilder()
                        .setName("c")
                        .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder()
                                .setEdsConfig(ConfigSource.newBuilder()
                                        .setAds(AggregatedConfigSource.getDefaultInstance())
                                        .setResourceApiVersion(ApiVersion.V3)))
                        .build())));
        assertThat(post("/v3/discovery:clusters", "{\"node\":{\"id\":\"n\"}}").body())
                .contains("\"ads\":{}");
        assertThat(post(
                                "/v3/discovery:clusters",
                                "{\"node\":{\"id\":\"m\",\"metadata\":{\"mishap\":{\"rest_cluster\":\"mine\"}}}}")
                        .body())
                .contains("\"resource_api_version\":\"V3\"", "\"api_type\":\"REST\"", "\"cluster_names\":[\"mine\"]")
                .doesNotContain("\"ads\"");
    }

    /** What is written is read as the same. */
    @Test
    void jsonKeepsAMessage() {
        Struct struct = Struct.newBuilder()
                .putFields("text", Value.newBuilder().setStringValue("t").build())
                .putFields("number", Value.newBuilder().setNumberValue(1.5).build())
                .putFields("yes", Value.newBuilder().setBoolValue(true).build())
                .putFields("none", Value.newBuilder().setNullValueValue(0).build())
                .build();
        Runtime runtime = Runtime.newBuilder().setName("r").setLayer(struct).build();
        assertThat(MessageReader.read(MessageWriter.write(runtime), Runtime.newBuilder(), "")
                        .build())
                .isEqualTo(runtime);
        Listener listener = Listener.newBuilder()
                .setName("l")
                .setMetadata(Metadata.newBuilder()
                        .putFilterMetadata("m", struct)
                        .putTypedFilterMetadata(
                                "t",
                                Any.pack(Duration.newBuilder().setSeconds(3).build())))
                .setPerConnectionBufferLimitBytes(UInt32Value.of(-1))
                .build();
        assertThat(MessageReader.read(MessageWriter.write(listener), Listener.newBuilder(), "")
                        .build())
                .isEqualTo(listener);
    }
}
