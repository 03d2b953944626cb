package dev.mishap.control.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FleetFileTest {
    private static final String HEAD = "{apiVersion: mishap.dev/v1, kind: Fleet, spec: {dependencies: [";

    @Test
    void readsDependenciesWithTheirDefaults() {
        List<Dependency> dependencies = FleetFile.parse(
                HEAD + "{name: a, endpoints: ['a.internal:80']},"
                        + " {name: b, listen: '127.0.0.1:7000', protocol: grpc, endpoints: ['10.0.0.1:1', '[fd00::1]:2'],"
                        + " tls: {serverName: b.internal, ca: /etc/ca.pem}}]}}",
                "f.yaml");
        assertThat(dependencies.get(0)).isEqualTo(Dependency.parse("a=a.internal:80", 10000));
        assertThat(dependencies.get(1).endpoints())
                .containsExactly(new Dependency.HostPort("10.0.0.1", 1), new Dependency.HostPort("fd00::1", 2));
        assertThat(dependencies.get(1).tls()).isEqualTo(new Dependency.Tls("b.internal", "/etc/ca.pem"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[a]                              | f.yaml: the document: expected a mapping, found a list",
                "7                                | f.yaml: the document: expected a mapping, found '7'",
                "{node: {}, static_resources: {}} | f.yaml: this is the bootstrap of a proxy (`mishap proxy -c`); expected a Fleet"
            })
    void whatIsNoFleetIsCalledWhatItIs(String text, String problem) {
        assertThatThrownBy(() -> FleetFile.parse(text, "f.yaml"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{name: a}                                            | f.yaml: spec.dependencies[0]: endpoints: expected a list of one or more",
                "{name: a, endpoints: [x]}                            | f.yaml: spec.dependencies[0]: expected host:port, got 'x'",
                "{name: a, endpoints: ['x:0']}                        | f.yaml: spec.dependencies[0]: a port must be from 1 to 65535, got 0",
                "{name: a, endpoint: ['x:1']}                         | f.yaml: spec.dependencies[0]: unknown field 'endpoint'",
                "{name: a, endpoints: ['x:1', '10.0.0.1:1']}          | dependency a: its endpoints must all be addresses or all be names",
                "{name: a, endpoints: ['x:1'], protocol: smtp}        | expected http, http2, grpc, tcp or dns, got 'smtp'",
                "{name: a, endpoints: ['x:1'], tls: {serverName: x}}  | tls needs serverName, and ca",
            })
    void errorsNameFileAndField(String dependency, String problem) {
        assertThatThrownBy(() -> FleetFile.parse(HEAD + dependency + "]}}", "f.yaml"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(problem);
    }
}
