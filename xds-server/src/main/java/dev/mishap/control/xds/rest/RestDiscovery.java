package dev.mishap.control.xds.rest;

import com.google.protobuf.ByteString;
import dev.mishap.control.base.MessageReader;
import dev.mishap.control.base.MessageWriter;
import dev.mishap.control.xds.AccessDeniedException;
import dev.mishap.control.xds.Peer;
import dev.mishap.control.xds.Polling;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewProvider;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code POST /v3/discovery:clusters} and its like, as Envoy polls with {@code api_type: REST}: a {@code DiscoveryRequest} in JSON, and a
 * {@code DiscoveryResponse}, or 304 when the client has that version. Fields that are newer than the messages known here are not in the
 * JSON; streams carry them.
 */
public final class RestDiscovery {
    /** What to answer. */
    public record Reply(int status, String contentType, byte[] body) {
        static Reply text(int status, String text) {
            return new Reply(status, "text/plain; charset=utf-8", (text + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    private static final Map<String, String> TYPES = Map.of(
            "/v3/discovery:listeners", TypeUrls.LISTENER,
            "/v3/discovery:routes", TypeUrls.ROUTE,
            "/v3/discovery:scoped-routes", TypeUrls.SCOPED_ROUTE,
            "/v3/discovery:clusters", TypeUrls.CLUSTER,
            "/v3/discovery:endpoints", TypeUrls.ENDPOINT,
            "/v3/discovery:secrets", TypeUrls.SECRET,
            "/v3/discovery:runtime", TypeUrls.RUNTIME,
            "/v3/discovery:extension_configs", TypeUrls.EXTENSION_CONFIG);

    private final Polling polling;
    private final JsonMapper json = JsonMapper.shared();

    public RestDiscovery(ViewProvider views) {
        polling = new Polling(views);
    }

    /** The type URL that a path is about; null: none of these paths. */
    public static @Nullable String typeOf(String path) {
        return TYPES.get(path);
    }

    /** @param path one of those that {@link #typeOf} knows */
    public Reply answer(String path, byte[] body, Peer peer) {
        String typeUrl = TYPES.get(path);
        if (typeUrl == null) {
            return Reply.text(404, path + " is none of " + TYPES.keySet());
        }
        try {
            DiscoveryRequest request = MessageReader.read(
                            json.readValue(body, Object.class), DiscoveryRequest.newBuilder(), "")
                    .build();
            if (!request.getTypeUrl().isEmpty() && !request.getTypeUrl().equals(typeUrl)) {
                return Reply.text(400, "type_url: " + path + " is of " + typeUrl + ", got " + request.getTypeUrl());
            }
            Polling.Answer answer = polling.poll(
                    request.getNode().toByteString(),
                    peer,
                    typeUrl,
                    request.getResourceNamesList(),
                    request.getVersionInfo());
            if (answer.unchanged()) {
                return new Reply(304, "application/json", new byte[0]);
            }
            return new Reply(200, "application/json", json.writeValueAsBytes(document(typeUrl, answer)));
        } catch (AccessDeniedException e) {
            return Reply.text(403, String.valueOf(e.getMessage()));
        } catch (JacksonException e) {
            return Reply.text(400, "no JSON: " + e.getOriginalMessage());
        } catch (IllegalArgumentException e) {
            return Reply.text(400, String.valueOf(e.getMessage()));
        }
    }

    private static Map<String, Object> document(String typeUrl, Polling.Answer answer) {
        List<Object> resources = new ArrayList<>();
        for (Resource resource : answer.resources()) {
            ByteString body = resource.body();
            resources.add(MessageWriter.any(resource.typeUrl(), body));
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("version_info", answer.version());
        document.put("type_url", typeUrl);
        document.put("resources", resources);
        return document;
    }
}
