// Texts of Secrets, compressed once per content: most clusters of a seed load the same rules.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace falconer::falco {

/// Keeps what was asked for last, within its room.
///
/// Lifetime: one per process, shared by all deliveries.
/// Threading: the loop thread only.
class compressed_parts {
public:
    /// `room`: bytes of what is kept, of compressed text in base64.
    explicit compressed_parts(std::size_t room = std::size_t{16} << 20) : room_(room) {}

    /// Base64 of the text under Brotli, as a Secret's data has it. `digest`: of the text, whole.
    std::shared_ptr<const std::string> of(const std::string& digest, std::string_view text);

    /// How often something had to be compressed.
    std::size_t made() const noexcept { return made_; }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    struct part {
        std::string                        digest{};
        std::shared_ptr<const std::string> data{};
    };

    std::size_t                                      room_, bytes_ = 0, made_ = 0;
    std::list<part>                                  parts_{};  // what was asked for last in front
    std::map<std::string, std::list<part>::iterator> by_digest_{};
};

}  // namespace falconer::falco
