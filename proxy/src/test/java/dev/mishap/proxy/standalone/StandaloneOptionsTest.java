package dev.mishap.proxy.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigCheck;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.SupportTable;
import dev.mishap.proxy.standalone.StandaloneOptions.HostPort;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StandaloneOptionsTest {
    private static StandaloneOptions parse(String... arguments) {
        StandaloneOptions options = StandaloneOptions.parse(arguments);
        assertThat(options).isNotNull();
        return options;
    }

    @Test
    void theShortestCommandLine() {
        StandaloneOptions options = parse("--listen", "10000", "--upstream", "localhost:80");
        assertThat(options.listen()).hasToString("127.0.0.1:10000");
        assertThat(options.upstream()).hasToString("localhost:80");
        assertThat(options.admin()).hasToString("127.0.0.1:0");
        assertThat(options.concurrency()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10.0.0.2                 | 10.0.0.2:53",
                "10.0.0.2:5353,10.0.0.3   | 10.0.0.2:5353 10.0.0.3:53",
                "::1,[::2]:5353,[::3]     | [::1]:53 [::2]:5353 [::3]:53"
            })
    void resolversOfADnsServer(String upstream, String resolvers) {
        StandaloneOptions options = parse("--dns", "--listen", "5353", "--upstream", upstream);
        assertThat(options.protocol()).isEqualTo(StandaloneOptions.Protocol.DNS);
        assertThat(options.resolvers().stream().map(HostPort::toString)).containsExactly(resolvers.split(" "));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ns.example             | with --dns expected IP addresses",
                "10.0.0.2,              | with --dns expected IP addresses",
                "127.0.0.1:5353         | is this proxy itself",
                "tcp://10.0.0.2:53      | with --dns expected IP addresses"
            })
    void whatIsNoResolver(String upstream, String problem) {
        assertThatThrownBy(() -> parse("--dns", "--listen", "5353", "--upstream", upstream))
                .isInstanceOf(StandaloneOptions.UsageException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void theBootstrapOfADnsServerIsAccepted() {
        StandaloneOptions options = parse(
                "--dns",
                "--listen",
                "5353",
                "--upstream",
                "10.0.0.2,[::1]:54",
                "--access-log",
                "log",
                "--timeout",
                "1500ms");
        Options server = Options.of(StandaloneBootstrap.yaml(options), 1, "warning");
        assertThat(BootstrapLoader.load(server).listeners()).hasSize(2);
    }

    @Test
    void everyFlag() {
        StandaloneOptions options = parse(
                "--listen=[::]:1",
                "--upstream",
                "http://[::1]:8080/",
                "--fault",
                "abort 503",
                "--fault=reset 1%",
                "--rules",
                "r.yaml",
                "--admin",
                "off",
                "--seed",
                "-7",
                "--access-log",
                "-",
                "--timeout",
                "500ms",
                "--concurrency",
                "2",
                "--json",
                "--quiet",
                "--log-level",
                "debug");
        assertThat(options.listen()).hasToString("[::]:1");
        assertThat(options.upstream()).hasToString("[::1]:8080");
        assertThat(options.faults()).containsExactly("abort 503", "reset 1%");
        assertThat(options.rules()).hasFileName("r.yaml");
        assertThat(options.admin()).isNull();
        assertThat(options.seed()).isEqualTo(-7);
        assertThat(options.timeoutMillis()).isEqualTo(500);
        assertThat(options.json()).isTrue();
        assertThat(options.quiet()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --upstream h:1                              | --listen is missing
                    --listen 1                                  | --upstream is missing
                    --listen x --upstream h:1                   | --listen 'x'
                    --listen 65536 --upstream h:1               | 0 to 65535
                    --listen 1 --upstream h                     | expected HOST:PORT
                    --listen 1 --upstream :1                    | expected HOST:PORT
                    --listen 1 --upstream h:0                   | 1 to 65535
                    --listen 1 --upstream ftp://h:443           | expected HOST:PORT, http://, https:// or tcp://
                    --listen 1 --upstream tcp://h               | expected HOST:PORT
                    --listen 1 --upstream h:1 --insecure        | --insecure is for a dependency over TLS
                    --listen 1 --upstream tcp://h:1 --timeout 1s | --timeout is for answers of HTTP
                    --listen 1 --upstream ::1:80                | brackets
                    --listen 1 --upstream h"x:80                | can't be part of a host name
                    --listen 1 --upstream h:1 --concurrency 0   | 1 to 128
                    --listen 1 --upstream h:1 --timeout 5       | and a unit
                    --listen 1 --upstream h:1 --timeout 99999h  | and a unit
                    --listen 1 --upstream h:1 --frob            | --frob
                    --listen 1 --upstream                       | needs a value
                    --listen 1 --upstream h:1 --json=1          | takes no value
                    """)
    void aWrongCommandLineNamesTheFlag(String line, String expected) {
        assertThatThrownBy(() -> StandaloneOptions.parse(line.split(" ")))
                .isInstanceOf(StandaloneOptions.UsageException.class)
                .hasMessageContaining(expected);
    }

    @Test
    void helpWins() {
        assertThat(StandaloneOptions.parse("--listen", "1", "-h")).isNull();
    }

    @Test
    void theBootstrapIsOneThatWeSupport() {
        for (String[] line : List.of(
                new String[] {
                    "--listen", "1", "--upstream", "h.example:80", "--access-log", "a \"b\\c.log", "--timeout", "1500ms"
                },
                new String[] {"--listen", "1", "--upstream", "127.0.0.1:80", "--access-log", "-", "--admin", "off"})) {
            ConfigNode config = ConfigReader.strict()
                    .yaml("envoy.config.bootstrap.v3.Bootstrap", StandaloneBootstrap.yaml(parse(line)));
            ConfigCheck.constraints(config);
            ConfigCheck.support(config, SupportTable.all());
        }
    }

    @Test
    void theSchemeSaysWhatIsSpoken() {
        StandaloneOptions https = StandaloneOptions.parse("--listen", "1", "--upstream", "https://pay.example");
        assertThat(https.protocol()).isEqualTo(StandaloneOptions.Protocol.HTTPS);
        assertThat(https.upstream()).isEqualTo(new HostPort("pay.example", 443));
        StandaloneOptions tcp = StandaloneOptions.parse("--listen", "1", "--upstream", "tcp://[::1]:5432");
        assertThat(tcp.protocol()).isEqualTo(StandaloneOptions.Protocol.TCP);
        assertThat(tcp.upstream()).isEqualTo(new HostPort("::1", 5432));
    }

    /** What is written for each kind of dependency is a bootstrap that the server takes. */
    @ParameterizedTest
    @ValueSource(strings = {"h:1", "https://h", "https://127.0.0.1:8443", "tcp://h:5432", "tcp://127.0.0.1:5432"})
    void theBootstrapIsValid(String upstream) {
        for (String log : List.of("-", "/tmp/x.log")) {
            StandaloneOptions options =
                    StandaloneOptions.parse("--listen", "0", "--upstream", upstream, "--access-log", log);
            Options server = Options.of(StandaloneBootstrap.yaml(options), 1, "off");
            new Server(server, BootstrapLoader.load(server)).close();
        }
    }
}
