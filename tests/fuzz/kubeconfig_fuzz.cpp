// Fuzzes kubeconfigs: a reason, or somewhere to go.
#include "k8s/kubeconfig.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace falconer;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto             config = parse_yaml(text);
    if (!config) return 0;
    const auto access = k8s::read_kubeconfig(*config, "/etc/kube");
    if (!access) {
        require(!access.error().detail.empty(), "it says why");
        return 0;
    }
    require(!access->place.host.empty() && access->place.port != 0, "there is somewhere to go");
    require(!access->path.ends_with('/'), "paths can be appended");
    require(!access->anybody || access->ca.empty(), "nobody in particular, or somebody");
    require(access->certificate.empty() == access->key.empty(), "a pair, or none");
    return 0;
}
