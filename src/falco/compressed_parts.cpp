#include "falconer/falco/compressed_parts.hpp"

#include "brotli.hpp"
#include "falconer/base64.hpp"

#include <utility>

namespace falconer::falco {

std::shared_ptr<const std::string> compressed_parts::of(
    const std::string& digest, std::string_view text
) {
    if (const auto found = by_digest_.find(digest); found != by_digest_.end()) {
        parts_.splice(parts_.begin(), parts_, found->second);
        return found->second->data;
    }
    ++made_;
    auto data = std::make_shared<const std::string>(encode_base64(brotli_compressed(text)));
    parts_.push_front({digest, data});
    by_digest_.emplace(digest, parts_.begin());
    bytes_ += data->size();
    // One that is larger than the room is not kept.
    while (bytes_ > room_) {
        bytes_ -= parts_.back().data->size();
        by_digest_.erase(parts_.back().digest);
        parts_.pop_back();
    }
    return data;
}

}  // namespace falconer::falco
