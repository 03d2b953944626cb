package dev.mishap.control.experiment;

import dev.mishap.control.Failures;
import dev.mishap.control.WholeAnswer;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Instant queries to a server that speaks the Prometheus HTTP API ({@code /api/v1/query}). */
public final class PromQlClient {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private final HttpClient http;
    private final URI address;
    private final @Nullable String token;

    /** @param address up to and without {@code /api/v1/query} */
    public PromQlClient(HttpClient http, URI address, @Nullable String token) {
        this.http = http;
        this.address = address;
        this.token = token;
    }

    /**
     * The value of a query whose result is one number.
     *
     * @throws ProxyException when there is no answer, an error, no value or more than one
     */
    double value(String promQl) throws ProxyException {
        String base = address.toString().endsWith("/") ? address.toString() : address + "/";
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + "api/v1/query?query="
                        + URLEncoder.encode(promQl, StandardCharsets.UTF_8).replace("+", "%20")))
                .timeout(TIMEOUT);
        if (token != null) {
            request.header("authorization", "Bearer " + token);
        }
        try {
            HttpResponse<String> response = WholeAnswer.of(http, request.build(), TIMEOUT);
            JsonNode answer = JSON.readTree(response.body());
            if (response.statusCode() != 200
                    || !"success".equals(answer.path("status").asString(""))) {
                throw new ProxyException(
                        response.statusCode(),
                        "query '" + promQl + "' at " + address + ": "
                                + answer.path("error").asString("status " + response.statusCode()));
            }
            return number(promQl, answer.path("data"));
        } catch (JacksonException e) {
            throw new ProxyException("the answer of " + address + " to '" + promQl + "' is no JSON", e);
        } catch (IOException e) {
            throw new ProxyException("no answer from " + address + ": " + Failures.text(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProxyException("interrupted while waiting for " + address, e);
        }
    }

    private static double number(String promQl, JsonNode data) throws ProxyException {
        JsonNode result = data.path("result");
        JsonNode sample;
        switch (data.path("resultType").asString("")) {
            case "scalar":
                sample = result;
                break;
            case "vector":
                if (result.size() != 1) {
                    throw new ProxyException(
                            200, "query '" + promQl + "' has " + result.size() + " series, one is needed");
                }
                sample = result.get(0).path("value");
                break;
            default:
                throw new ProxyException(200, "query '" + promQl + "' gives no instant vector or scalar");
        }
        String text = sample.path(1).asString("NaN");
        double value = text.endsWith("Inf")
                ? (text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY)
                : Double.parseDouble(text);
        if (Double.isNaN(value)) {
            throw new ProxyException(200, "query '" + promQl + "' has no value (NaN)");
        }
        return value;
    }
}
