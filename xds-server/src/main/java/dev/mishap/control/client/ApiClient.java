package dev.mishap.control.client;

import dev.mishap.control.Failures;
import dev.mishap.control.WholeAnswer;
import dev.mishap.control.security.TlsFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls a control plane. One for a command; blocks. */
public final class ApiClient {
    private static final JsonMapper JSON = new JsonMapper();
    /** Bytes of the answer to a stream that is none. */
    private static final int MOST_OF_PROBLEM = 1 << 16;

    private final Context context;
    private final Duration timeout;
    private final HttpClient http;
    private final @Nullable String token;

    /** @param node null when the answer has no document */
    public record Reply(int status, @Nullable JsonNode node, String text, Map<String, List<String>> headers) {
        public @Nullable String header(String name) {
            List<String> values = headers.get(name);
            return values == null || values.isEmpty() ? null : values.get(0);
        }

        public JsonNode document() {
            if (node == null) {
                throw new IllegalStateException("the answer has no document");
            }
            return node;
        }
    }

    /** One event of a watch. */
    public record Event(String id, String type, String data) {}

    /** Is told events as they come; false = no more. */
    public interface EventListener {
        boolean onEvent(Event event);
    }

    /** @throws IllegalArgumentException when the context cannot be used: its URL, or a file that it names */
    public ApiClient(Context context, Duration timeout) {
        this.context = context;
        this.timeout = timeout;
        URI uri = requireServer(context.server());
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(timeout)
                .followRedirects(HttpClient.Redirect.NEVER);
        try {
            token = token(context);
            if (uri.getScheme().equals("https")) {
                builder.sslContext(tls(context));
            }
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException(String.valueOf(e.getMessage()), e);
        }
        http = builder.build();
    }

    /** The URL of a control plane. @throws IllegalArgumentException saying what was expected */
    public static URI requireServer(String server) {
        URI uri;
        try {
            uri = URI.create(server);
        } catch (IllegalArgumentException e) {
            throw badServer(server);
        }
        if (uri.getHost() == null || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
            throw badServer(server);
        }
        return uri;
    }

    private static IllegalArgumentException badServer(String server) {
        return new IllegalArgumentException(
                "the server must be a URL such as https://mishap.example.org:18080, found '" + server + "'");
    }

    private static @Nullable String token(Context context) throws IOException {
        if (context.tokenFile() == null) {
            return context.token();
        }
        try {
            return Files.readString(Path.of(context.tokenFile())).strip();
        } catch (IOException e) {
            throw new IOException(context.tokenFile() + ": " + Failures.text(e), e);
        }
    }

    private static SSLContext tls(Context context) throws IOException, GeneralSecurityException {
        String cert = context.clientCert();
        String key = context.clientKey();
        if ((cert == null) != (key == null)) {
            throw new IOException("a client certificate needs both --client-cert and --client-key");
        }
        KeyManager[] keys = cert == null || key == null
                ? null
                : new KeyManager[] {
                    TlsFiles.read(Path.of(cert), Path.of(key), null).keyManager()
                };
        String ca = context.caFile();
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(keys, ca == null ? null : new TrustManager[] {TlsFiles.trust(Path.of(ca))}, null);
        return tls;
    }

    public Context context() {
        return context;
    }

    /** A piece of a path or query. */
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * Calls.
     *
     * @param path with its query
     * @param body null = none
     * @throws ApiException for every answer that is no success
     */
    public Reply call(
            String method, String path, @Nullable String body, String contentType, Map<String, String> headers)
            throws ApiException {
        HttpRequest.Builder request = request(path, "application/json").timeout(timeout);
        headers.forEach(request::setHeader);
        if (body == null) {
            request.method(method, HttpRequest.BodyPublishers.noBody());
        } else {
            request.header("content-type", contentType).method(method, HttpRequest.BodyPublishers.ofString(body));
        }
        HttpRequest built = request.build();
        HttpResponse<String> response = send(() -> WholeAnswer.of(http, built, timeout));
        JsonNode node = null;
        String type = response.headers().firstValue("content-type").orElse("");
        if (type.contains("json") && !type.contains("ndjson")) {
            try {
                node = JSON.readTree(response.body());
            } catch (JacksonException e) {
                throw new ApiException(
                        response.statusCode(), "the answer of " + context.server() + " is no JSON", List.of(), e);
            }
        }
        if (response.statusCode() >= 300) {
            throw refused(response.statusCode(), node, response.body());
        }
        return new Reply(
                response.statusCode(), node, response.body(), response.headers().map());
    }

    public Reply get(String path) throws ApiException {
        return call("GET", path, null, "", Map.of());
    }

    /** Follows a stream of events until it ends or the listener has enough. */
    public void events(String path, @Nullable String lastId, EventListener listener) throws ApiException {
        HttpRequest.Builder request = request(path, "text/event-stream");
        if (lastId != null) {
            request.header("last-event-id", lastId);
        }
        HttpRequest built = request.build();
        HttpResponse<InputStream> response = send(() -> http.send(built, HttpResponse.BodyHandlers.ofInputStream()));
        try (InputStream body = response.body()) {
            if (response.statusCode() != 200) {
                String text = new String(body.readNBytes(MOST_OF_PROBLEM), StandardCharsets.UTF_8);
                JsonNode node = null;
                try {
                    node = JSON.readTree(text);
                } catch (JacksonException e) {
                    // Told as it is.
                }
                throw refused(response.statusCode(), node, text);
            }
            BufferedReader in = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
            read(in, listener);
        } catch (IOException e) {
            throw new ApiException(
                    0, "the stream of " + context.server() + " ended: " + Failures.text(e), List.of(), e);
        }
    }

    private static void read(BufferedReader in, EventListener listener) throws IOException {
        String id = "";
        String type = "message";
        StringBuilder data = new StringBuilder();
        String line;
        while ((line = in.readLine()) != null) {
            if (line.isEmpty()) {
                if (data.length() > 0 && !listener.onEvent(new Event(id, type, data.substring(1)))) {
                    return;
                }
                type = "message";
                data.setLength(0);
                continue;
            }
            int colon = line.indexOf(':');
            String field = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1);
            value = value.startsWith(" ") ? value.substring(1) : value;
            switch (field) {
                case "id" -> id = value;
                case "event" -> type = value;
                case "data" -> data.append('\n').append(value);
                default -> {
                    // A comment.
                }
            }
        }
    }

    private HttpRequest.Builder request(String path, String accept) {
        String base = context.server();
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path))
                .header("accept", accept)
                .header("user-agent", "mishap");
        if (token != null) {
            request.header("authorization", "Bearer " + token);
        }
        return request;
    }

    private interface Exchange<T> {
        HttpResponse<T> run() throws IOException, InterruptedException;
    }

    private <T> HttpResponse<T> send(Exchange<T> exchange) throws ApiException {
        try {
            return exchange.run();
        } catch (HttpTimeoutException e) {
            throw unreachable("it did not answer within " + timeout.toSeconds() + " s (--request-timeout)", e);
        } catch (SSLException e) {
            throw unreachable(
                    "TLS failed: " + e.getMessage()
                            + "; is it https at all, and does --ca-file name what signs its certificate?",
                    e);
        } catch (IOException e) {
            throw unreachable(
                    Failures.text(e) + "; is `mishap serve` running there? --server or --context choose another", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable("interrupted", e);
        }
    }

    private ApiException unreachable(String why, Exception cause) {
        return new ApiException(0, "cannot call " + context.server() + ": " + why, List.of(), cause);
    }

    private ApiException refused(int status, @Nullable JsonNode problem, String text) {
        if (problem == null || !problem.isObject() || !problem.has("detail")) {
            return new ApiException(
                    status,
                    context.server() + " answers " + status
                            + " and no problem document; is it a control plane of Mishap?",
                    List.of(),
                    null);
        }
        List<String> fields = new ArrayList<>();
        for (JsonNode error : problem.path("errors")) {
            String at = error.has("line")
                    ? error.path("line").asInt() + ":" + error.path("column").asInt() + ": "
                    : "";
            String field = error.path("field").asString("");
            fields.add(at
                    + (field.isEmpty() ? "" : field + ": ")
                    + error.path("problem").asString(""));
        }
        String hint = switch (status) {
            case 401 -> " (give --token-file, MISHAP_API_TOKEN, or a token in the context)";
            case 412 -> " (get it again, or leave the condition out)";
            default -> "";
        };
        return new ApiException(status, problem.path("detail").asString() + hint, fields, null);
    }
}
