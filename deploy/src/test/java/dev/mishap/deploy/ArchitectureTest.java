package dev.mishap.deploy;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** Holds the direction of knowledge that docs/architecture.md draws. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.mishap");

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(CLASSES);
    }

    @Test
    void everyModuleIsLookedAt() {
        Set<String> roots = CLASSES.stream()
                .map(JavaClass::getPackageName)
                .map(p -> p.split("\\.")[2])
                .collect(Collectors.toCollection(TreeSet::new));
        Assertions.assertThat(roots).contains("rules", "proxy", "control");
    }

    @Test
    void faultRulesKnowNoOneElse() {
        check(noClasses()
                .that()
                .resideInAPackage("dev.mishap.rules..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "dev.mishap.proxy..",
                        "dev.mishap.control..",
                        "io.netty..",
                        "io.grpc..",
                        "tools.jackson..",
                        "picocli..",
                        "java.net.http..",
                        "java.nio.file..")));
    }

    @Test
    void faultRulesHaveNoClockAndNoThreads() {
        check(noClasses()
                .that()
                .resideInAPackage("dev.mishap.rules..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class));
    }

    @Test
    void proxyKnowsRulesOnly() {
        check(noClasses()
                .that()
                .resideInAPackage("dev.mishap.proxy..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "dev.mishap.control..",
                        "tools.jackson..",
                        "com.google.protobuf..",
                        "io.envoyproxy..",
                        "picocli..")));
    }

    @Test
    void controlPlaneKnowsRulesOnly() {
        check(noClasses()
                .that()
                .resideInAPackage("dev.mishap.control..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("dev.mishap.proxy..", "io.netty..")));
    }

    @Test
    void snakeyamlStaysWithTheReaders() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(
                        "dev.mishap.rules.yaml..", "dev.mishap.proxy.config.schema..", "dev.mishap.control.base..")
                .should()
                .dependOnClassesThat(resideInAPackage("org.yaml..")));
    }

    @Test
    void dataPathUsesLinearTimeExpressions() {
        check(noClasses()
                .that()
                .resideInAnyPackage("dev.mishap.proxy..", "dev.mishap.rules..")
                .should()
                .dependOnClassesThat(resideInAPackage("java.util.regex..")));
    }

    @Test
    void nobodySleeps() {
        check(noClasses().should().callMethod(Thread.class, "sleep", long.class));
    }

    @Test
    void onlyCommandsPrint() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(
                        "..cli..", "..standalone..", "dev.mishap.control.demo..", "dev.mishap.proxy.log..")
                .should()
                .accessField(System.class, "out"));
    }

    @Test
    void recordsHoldNoBuffers() {
        check(fields().that()
                .areDeclaredInClassesThat()
                .areRecords()
                .should()
                .notHaveRawType(com.tngtech.archunit.base.DescribedPredicate.describe(
                        "ByteBuf", c -> c.getName().equals("io.netty.buffer.ByteBuf"))));
    }

    @Test
    void packagesOfTheProxyHaveNoCycles() {
        check(slices().matching("dev.mishap.proxy.(**)").should().beFreeOfCycles());
    }

    @Test
    void packagesOfTheRulesHaveNoCycles() {
        check(slices().matching("dev.mishap.rules.(**)").should().beFreeOfCycles());
    }

    @Test
    void packagesSayWhatTheyAreFor() {
        Set<String> silent = CLASSES.stream()
                .map(JavaClass::getPackage)
                .filter(p -> p.tryGetPackageInfo().isEmpty())
                .filter(p -> !p.getClasses().isEmpty())
                .map(p -> p.getName())
                .filter(n -> !n.matches(
                        "dev\\.mishap\\.((filters|clusters)\\..*|(rules|control)\\.v1|control\\.store\\.etcd\\.wire)"))
                .collect(Collectors.toCollection(TreeSet::new));
        Assertions.assertThat(silent).as("packages without package-info.java").isEmpty();
        check(classes()
                .that()
                .haveSimpleName("package-info")
                .should()
                .beAnnotatedWith("org.jspecify.annotations.NullMarked"));
    }
}
