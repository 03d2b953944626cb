package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.fault.FaultCatalog;
import dev.mishap.rules.fault.FaultEntry;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** No fault is documented of which no test on real sockets shows what it does. */
class EachFaultIsProvenTest {
    private static final List<String> TESTS = List.of(
            "filter.http.mishap.FaultSocketTest",
            "filter.common.dns.DnsFaultsTest",
            "filter.network.mishap.ConnectionFaultsTest",
            "filter.network.mishap.ConnectionFaultsByTheClockTest",
            "filter.network.mishap.ByteFaultsOnEitherSideTest",
            "filter.network.mishap.UpstreamFaultsTest");

    @Test
    void eachRowOfTheDocumentationHasATest() throws ClassNotFoundException {
        Set<String> proven = new TreeSet<>();
        for (String name : TESTS) {
            for (Method method : Class.forName("dev.mishap.proxy." + name).getDeclaredMethods()) {
                ProvesFault faults = method.getAnnotation(ProvesFault.class);
                if (faults != null) {
                    assertThat(method.isAnnotationPresent(Test.class)
                                    || method.isAnnotationPresent(ParameterizedTest.class))
                            .as("%s is a test", method)
                            .isTrue();
                    proven.addAll(List.of(faults.value()));
                }
            }
        }
        Set<String> documented = new TreeSet<>();
        for (FaultEntry entry : FaultCatalog.entries()) {
            documented.add(entry.name());
        }
        assertThat(proven).isEqualTo(documented);
    }
}
