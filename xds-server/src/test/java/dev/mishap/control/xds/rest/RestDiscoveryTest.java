package dev.mishap.control.xds.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import dev.mishap.control.base.MessageReader;
import dev.mishap.control.base.MessageWriter;
import dev.mishap.control.xds.AccessDeniedException;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.ViewUpdate;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
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
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Polling, over a real socket. */
class RestDiscoveryTest {
    private final ResourceLayer base = ResourceLayer.named("base");
    private final ResourceLayer over = ResourceLayer.named("over");
    private final HttpClient http = HttpClient.newHttpClient();
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server, 1, 1);

    @BeforeEach
    void start() throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(new RestDiscoveryHandler(new RestDiscovery((node, peer) -> {
            if (node.id().equals("stranger")) {
                throw new AccessDeniedException("stranger is not yours");
            }
            return ResourceView.of(base, over);
        })));
        server.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
    }

    private HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + path);
        return http.send(
                HttpRequest.newBuilder(uri).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
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
        assertThat(post("/v3/discovery:nothing", "{}").statusCode()).isEqualTo(404);
        HttpResponse<String> stranger = post("/v3/discovery:clusters", "{\"node\":{\"id\":\"stranger\"}}");
        assertThat(stranger.statusCode()).isEqualTo(403);
        assertThat(stranger.body()).isEqualTo("stranger is not yours\n");
        URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/v3/discovery:clusters");
        assertThat(http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding())
                        .statusCode())
                .isEqualTo(405);
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
