package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AdminUnixSocketTest {
    @TempDir
    Path directory;

    @Test
    void answersAtThePathAndTheRulesApiAsksForNoToken() throws IOException {
        Path path = directory.resolve("admin.sock");
        Path addressFile = directory.resolve("address");
        Server server = server("{path: '" + path + "', mode: 384}", addressFile.toString());
        try {
            server.start();
            assertThat(get(path, "/ready")).startsWith("HTTP/1.1 200 OK").contains("LIVE");
            assertThat(get(path, "/mishap/v1/rules"))
                    .startsWith("HTTP/1.1 200 OK")
                    .contains("\"rules\"");
            assertThat(Files.getPosixFilePermissions(path)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
            assertThat(addressFile).hasContent(path.toString());
        } finally {
            server.close();
        }
    }

    @Test
    void takesTheSocketThatAnEarlierProcessLeftBehind() throws IOException {
        Path path = directory.resolve("admin.sock");
        try (ServerSocketChannel old = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            old.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        Server server = server("{path: '" + path + "'}", "");
        try {
            server.start();
            assertThat(get(path, "/ready")).contains("LIVE");
        } finally {
            server.close();
        }
    }

    @Test
    void leavesAnOrdinaryFileAlone() throws IOException {
        Path path = Files.writeString(directory.resolve("notes.txt"), "mine");
        Server server = server("{path: '" + path + "'}", "");
        try {
            assertThatThrownBy(server::start).isInstanceOf(ConfigException.class);
            assertThat(path).hasContent("mine");
        } finally {
            server.close();
        }
    }

    @Test
    void refusesAnAbstractName() {
        assertThatThrownBy(() -> server("{path: '@admin'}", ""))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("admin.address.pipe.path")
                .hasMessageContaining("abstract");
    }

    private static Server server(String pipe, String addressPath) {
        Options.LogOptions log = new Options.LogOptions("off", Map.of(), Options.LogOptions.DEFAULT_FORMAT, false, "");
        Options options = new Options(
                "",
                "admin: {address: {pipe: " + pipe + "}}",
                false,
                false,
                false,
                "n",
                "c",
                "",
                1,
                false,
                1,
                false,
                50,
                64,
                Map.of(),
                addressPath,
                0,
                0,
                "v4",
                900,
                log,
                false,
                SafetyOptions.DEFAULT);
        return new Server(options, BootstrapLoader.load(options));
    }

    private static String get(Path socket, String path) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            String request = "GET " + path + " HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            ByteBuffer buffer = ByteBuffer.allocate(4096);
            while (channel.read(buffer) >= 0) {
                answer.write(buffer.array(), 0, buffer.position());
                buffer.clear();
            }
            return answer.toString(StandardCharsets.UTF_8);
        }
    }
}
