package dev.mishap.control.api;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.rules.yaml.DocumentText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The API's description, and Swagger UI to read and try it: all from here, nothing from elsewhere. */
final class DocsPages {
    private static final String WEBJAR = "/META-INF/resources/webjars/swagger-ui/5.32.0/";

    /** Scripts only from here and none in pages; Swagger UI sets style attributes on its elements. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
            + " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final Map<String, String> FILES = Map.of(
            "swagger-ui.css", "text/css; charset=utf-8",
            "swagger-ui-bundle.js", "text/javascript; charset=utf-8",
            "favicon-16x16.png", "image/png",
            "favicon-32x32.png", "image/png");

    private static final String PAGE = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>Mishap control plane API</title>
            <link rel="stylesheet" href="swagger-ui.css">
            <link rel="icon" type="image/png" href="favicon-32x32.png" sizes="32x32">
            </head>
            <body>
            <div id="swagger-ui"></div>
            <script src="swagger-ui-bundle.js"></script>
            <script src="start.js"></script>
            </body>
            </html>
            """;

    private static final String START = """
            window.ui = SwaggerUIBundle({
              url: "../openapi.json",
              dom_id: "#swagger-ui",
              deepLinking: true,
              validatorUrl: null,
              presets: [SwaggerUIBundle.presets.apis]
            });
            """;

    private final Map<String, ByteBuffer> loaded = new ConcurrentHashMap<>();
    private volatile ByteBuffer description = ByteBuffer.allocate(0);

    /** Those of the pages; {@link #describe} is told all routes, these among them, before the first request. */
    List<Route> routes() {
        return List.of(
                Route.of("GET", "/openapi.json", e -> Answer.bytes("application/json", description))
                        .doc("openapi", "description", "This description", "")
                        .open()
                        .produces(MediaType.JSON)
                        .answers(200, "An OpenAPI 3.1 document.", null, null),
                Route.of("GET", "/docs", e -> Answer.status(308).header("location", "/docs/"))
                        .doc("docsRedirect", "description", "Leads to /docs/", "")
                        .open()
                        .produces(MediaType.HTML)
                        .answers(308, "To /docs/.", null, null),
                Route.of("GET", "/docs/{path}*", this::file)
                        .doc("docs", "description", "The description as a page", "Nothing on it comes from elsewhere.")
                        .open()
                        .produces(MediaType.HTML)
                        .answers(200, "A file of the page.", null, null)
                        .problems(ProblemKind.NOT_FOUND));
    }

    void describe(List<Route> routes, String version) {
        description = ByteBuffer.wrap(
                DocumentText.json(OpenApi.document(routes, version)).getBytes(StandardCharsets.UTF_8));
    }

    private Answer file(Exchange exchange) throws IOException {
        String name = exchange.path("path");
        Answer answer = switch (name) {
            case "", "index.html" -> Answer.text("text/html; charset=utf-8", PAGE);
            case "start.js" -> Answer.text("text/javascript; charset=utf-8", START);
            default -> webjar(name);
        };
        return answer.header("content-security-policy", POLICY)
                .header("referrer-policy", "no-referrer")
                .header("cache-control", "no-cache");
    }

    private Answer webjar(String name) throws IOException {
        String type = FILES.get(name);
        if (type == null) {
            throw new ProblemException(ProblemKind.NOT_FOUND, "there is no such file");
        }
        ByteBuffer bytes = loaded.get(name);
        if (bytes == null) {
            try (InputStream in = DocsPages.class.getResourceAsStream(WEBJAR + name)) {
                if (in == null) {
                    throw new ProblemException(ProblemKind.NOT_FOUND, "Swagger UI is not on the class path");
                }
                bytes = ByteBuffer.wrap(in.readAllBytes());
                loaded.put(name, bytes);
            }
        }
        return Answer.bytes(type, bytes);
    }
}
