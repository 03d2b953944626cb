package dev.mishap.control.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromQlClientTest {
    private HttpServer server;
    private volatile int status = 200;
    private volatile String answer = "";
    private volatile String asked = "";

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/prom/api/v1/query", exchange -> {
            asked = exchange.getRequestURI().getQuery();
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private double value(String query) throws ProxyException {
        URI address = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/prom");
        return new PromQlClient(HttpClient.newHttpClient(), address, null).value(query);
    }

    private static String vector(String values) {
        return "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" + values + "]}}";
    }

    @Test
    void aVectorOfOneSeries() throws ProxyException {
        answer = vector("{\"metric\":{},\"value\":[1700000000,\"0.25\"]}");
        assertThat(value("sum(rate(x{a=\"b\"}[1m])) + 1")).isEqualTo(0.25);
        assertThat(asked).isEqualTo("query=sum(rate(x{a=\"b\"}[1m])) + 1");
    }

    @Test
    void aScalar() throws ProxyException {
        answer = "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1700000000,\"+Inf\"]}}";
        assertThat(value("1/0")).isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void noSeriesSeveralSeriesAndNoNumberAreNoValue() {
        answer = vector("");
        assertThatThrownBy(() -> value("x")).isInstanceOf(ProxyException.class).hasMessageContaining("0 series");
        answer = vector("{\"value\":[0,\"1\"]},{\"value\":[0,\"2\"]}");
        assertThatThrownBy(() -> value("x")).hasMessageContaining("2 series");
        answer = vector("{\"value\":[0,\"NaN\"]}");
        assertThatThrownBy(() -> value("x")).hasMessageContaining("NaN");
    }

    @ParameterizedTest
    @CsvSource({"400, '{\"status\":\"error\",\"error\":\"parse error\"}', parse error", "200, <html>, no JSON"})
    void errorsAreToldInTheServersWords(int code, String body, String expected) {
        status = code;
        answer = body;
        assertThatThrownBy(() -> value("x(")).isInstanceOf(ProxyException.class).hasMessageContaining(expected);
    }
}
