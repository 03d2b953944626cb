package dev.mishap.proxy.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RulesFileTest {
    private static final String RULE = """
            apiVersion: mishap.dev/v1
            kind: FaultRule
            metadata: {name: %s}
            spec: {fault: {abort: {httpStatus: 503}}}
            """;

    @TempDir
    Path directory;

    private static RulesFile.Content look(RulesFile file) {
        return Objects.requireNonNull(file.look());
    }

    private static String name(RulesFile.Content content) {
        assertThat(content.problems()).isEmpty();
        return content.rules().get(0).name();
    }

    @Test
    void changeInPlaceByRenameAndBySwapOfALinkIsSeenOnce() throws IOException {
        Path first = Files.createDirectory(directory.resolve("1"));
        Path second = Files.createDirectory(directory.resolve("2"));
        Files.writeString(first.resolve("rules.yaml"), RULE.formatted("a"));
        Files.writeString(second.resolve("rules.yaml"), RULE.formatted("d"));
        Path data = Files.createSymbolicLink(directory.resolve("..data"), first);
        RulesFile file = new RulesFile(data.resolve("rules.yaml"));
        assertThat(name(look(file))).isEqualTo("a");
        assertThat(file.look()).isNull();

        Files.writeString(first.resolve("rules.yaml"), RULE.formatted("b"));
        assertThat(name(look(file))).isEqualTo("b");

        Path fresh = Files.writeString(directory.resolve("fresh"), RULE.formatted("c"));
        Files.move(fresh, first.resolve("rules.yaml"), StandardCopyOption.ATOMIC_MOVE);
        assertThat(name(look(file))).isEqualTo("c");

        Path link = Files.createSymbolicLink(directory.resolve("..tmp"), second);
        Files.move(link, data, StandardCopyOption.ATOMIC_MOVE);
        assertThat(name(look(file))).isEqualTo("d");
        assertThat(file.look()).isNull();
    }

    @Test
    void fileThatIsGoneIsToldOfOnceAndReadWhenItIsBack() throws IOException {
        Path path = Files.writeString(directory.resolve("r.yaml"), RULE.formatted("a"));
        RulesFile file = new RulesFile(path);
        assertThat(name(look(file))).isEqualTo("a");
        Files.delete(path);
        assertThat(look(file).problems()).containsExactly(path + ": can't be read: there is no such file");
        assertThat(file.look()).isNull();
        Files.writeString(path, RULE.formatted("a"));
        assertThat(name(look(file))).isEqualTo("a");
    }

    @Test
    void emptyFileIsRefusedAndLaterToldOfAsGone() throws IOException {
        Path path = Files.writeString(directory.resolve("r.yaml"), "");
        RulesFile file = new RulesFile(path);
        assertThat(look(file).problems()).hasSize(1);
        assertThat(file.look()).isNull();
        Files.delete(path);
        assertThat(look(file).problems()).containsExactly(path + ": can't be read: there is no such file");
    }

    @Test
    void rulesOfIstioAreRead() throws IOException {
        Path path = Files.writeString(directory.resolve("vs.yaml"), """
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: ratings}
                spec:
                  hosts: [ratings]
                  http:
                  - fault: {abort: {percentage: {value: 10}, httpStatus: 500}}
                    route: [{destination: {host: ratings}}]
                """);
        RulesFile.Content content = look(new RulesFile(path));
        assertThat(content.problems()).isEmpty();
        assertThat(content.rules()).hasSize(1);
    }

    @Test
    void twoRulesOfOneNameAreRefused() throws IOException {
        Path path = Files.writeString(directory.resolve("r.yaml"), RULE.formatted("a") + "---\n" + RULE.formatted("a"));
        assertThat(look(new RulesFile(path)).problems()).anyMatch(p -> p.contains("'a'"));
    }

    @Test
    void whatIsNoTextOrNoFileIsRefused() throws IOException {
        Path path = Files.write(directory.resolve("r.yaml"), new byte[] {'a', (byte) 0xff});
        assertThat(look(new RulesFile(path)).problems()).containsExactly(path + ": is not UTF-8");
        assertThat(look(new RulesFile(Path.of("/dev/zero"))).problems())
                .containsExactly("/dev/zero: is a device or a pipe; rules are read from a file");
        assertThat(look(new RulesFile(directory)).problems()).hasSize(1);
    }
}
