package dev.mishap.control.demo;

import com.sun.net.httpserver.Headers;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** A service's own account of the requests that it answered: one line each. */
final class ServiceLog implements AutoCloseable {
    private final BufferedWriter out;

    ServiceLog(Path file) throws IOException {
        out = Files.newBufferedWriter(file);
    }

    /** Never fails: a log that cannot be written must not break the service. */
    synchronized void answered(String method, String path, int status, Headers headers) {
        try {
            out.write(Instant.now() + " " + method + " " + path + " " + status + " traceparent="
                    + of(headers, "traceparent") + " baggage=" + of(headers, "baggage"));
            out.newLine();
        } catch (IOException e) {
            // A full disk, or closed while requests were still under way.
        }
    }

    private static String of(Headers headers, String name) {
        String value = headers.getFirst(name);
        return value == null ? "-" : value;
    }

    @Override
    public synchronized void close() throws IOException {
        out.close();
    }
}
