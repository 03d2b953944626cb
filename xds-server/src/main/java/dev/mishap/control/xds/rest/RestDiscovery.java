package dev.mishap.control.xds.rest;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.mishap.control.base.MessageReader;
import dev.mishap.control.base.MessageWriter;
import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Credentials;
import dev.mishap.control.xds.AccessDeniedException;
import dev.mishap.control.xds.Peer;
import dev.mishap.control.xds.Polling;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code POST /v3/discovery:clusters} and its like, as Envoy polls with {@code api_type: REST}: a {@code DiscoveryRequest} in JSON, and a
 * {@code DiscoveryResponse}, or 304 when the client has that version. Fields that are newer than the messages known here are not in the
 * JSON; streams carry them.
 *
 * <p>Resources that are made for streams say {@code ads} where they are to be asked for. For a node that names the cluster by which it
 * polls (node metadata {@code mishap.rest_cluster}) that is written as a source to poll from.
 */
public final class RestDiscovery {
    /** How often such a node asks for what its resources name, in JSON. */
    public static final String REFRESH = "1s";

    private static final int MAX_DEPTH = 100;
    private static final int MAX_CLUSTER_NAME = 255;

    private static final Map<String, String> TYPES = new TreeMap<>(Map.of(
            "/v3/discovery:listeners", TypeUrls.LISTENER,
            "/v3/discovery:routes", TypeUrls.ROUTE,
            "/v3/discovery:scoped-routes", TypeUrls.SCOPED_ROUTE,
            "/v3/discovery:clusters", TypeUrls.CLUSTER,
            "/v3/discovery:endpoints", TypeUrls.ENDPOINT,
            "/v3/discovery:secrets", TypeUrls.SECRET,
            "/v3/discovery:runtime", TypeUrls.RUNTIME,
            "/v3/discovery:extension_configs", TypeUrls.EXTENSION_CONFIG));

    private final Polling polling;
    private final JsonMapper json = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .build())
            .build();

    public RestDiscovery(Polling polling) {
        this.polling = polling;
    }

    /** One for each type of resources. */
    public List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        TYPES.forEach((path, typeUrl) -> routes.add(Route.of("POST", path, exchange -> answer(typeUrl, exchange))
                .doc(path.substring(path.indexOf(':') + 1), "discovery", "Discover " + typeUrl, "")
                .open()
                .produces(MediaType.JSON)
                .body(List.of(MediaType.JSON), true, null, null)
                .answers(200, "A DiscoveryResponse.", null, null)
                .answers(304, "The node has it.", null, null)
                .problems(ProblemKind.FORBIDDEN)));
        return routes;
    }

    private Answer answer(String typeUrl, Exchange exchange) {
        try {
            DiscoveryRequest request = MessageReader.read(
                            json.readValue(exchange.bodyBytes(), Object.class), DiscoveryRequest.newBuilder(), "")
                    .build();
            if (!request.getTypeUrl().isEmpty() && !request.getTypeUrl().equals(typeUrl)) {
                throw ProblemException.invalid(
                        "type_url", "this path is of " + typeUrl + ", got " + request.getTypeUrl());
            }
            Polling.Answer answer = polling.poll(
                    bytes(request.getNode()),
                    peer(exchange.credentials()),
                    typeUrl,
                    request.getResourceNamesList(),
                    request.getVersionInfo());
            if (answer.unchanged()) {
                return Answer.status(304);
            }
            byte[] body = json.writeValueAsBytes(document(typeUrl, answer, cluster(request.getNode())));
            return Answer.bytes(MediaType.JSON.text(), ByteBuffer.wrap(body));
        } catch (AccessDeniedException e) {
            throw new ProblemException(ProblemKind.FORBIDDEN, String.valueOf(e.getMessage()));
        } catch (JacksonException e) {
            throw ProblemException.invalid("", "is no JSON: " + e.getOriginalMessage());
        } catch (IllegalStateException e) {
            throw new ProblemException(ProblemKind.TOO_MANY, String.valueOf(e.getMessage())).with("retry-after", "10");
        } catch (IllegalArgumentException e) {
            throw new ProblemException(ProblemKind.INVALID, String.valueOf(e.getMessage()));
        }
    }

    /** The same for the same node: JSON has the fields of its metadata in any order, and Envoy writes them so. */
    private static ByteString bytes(Node node) {
        try {
            ByteString.Output out = ByteString.newOutput(node.getSerializedSize());
            CodedOutputStream coded = CodedOutputStream.newInstance(out);
            coded.useDeterministicSerialization();
            node.writeTo(coded);
            coded.flush();
            return out.toByteString();
        } catch (IOException e) {
            throw new AssertionError("memory takes it", e);
        }
    }

    private static Peer peer(Credentials credentials) {
        List<Certificate> certificates = List.copyOf(credentials.certificates());
        return new Peer(InetSocketAddress.createUnresolved(credentials.address(), 0), certificates);
    }

    /** Empty = the node names none. */
    private static String cluster(Node node) {
        String name = node.getMetadata()
                .getFieldsMap()
                .getOrDefault("mishap", com.google.protobuf.Value.getDefaultInstance())
                .getStructValue()
                .getFieldsMap()
                .getOrDefault("rest_cluster", com.google.protobuf.Value.getDefaultInstance())
                .getStringValue();
        return name.length() <= MAX_CLUSTER_NAME ? name : "";
    }

    private static Map<String, Object> document(String typeUrl, Polling.Answer answer, String cluster) {
        List<Object> resources = new ArrayList<>();
        for (Resource resource : answer.resources()) {
            ByteString body = resource.body();
            Map<String, ?> written = MessageWriter.any(resource.typeUrl(), body);
            resources.add(cluster.isEmpty() ? written : PolledSources.in(written, cluster, REFRESH));
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("version_info", answer.version());
        document.put("type_url", typeUrl);
        document.put("resources", resources);
        return document;
    }
}
