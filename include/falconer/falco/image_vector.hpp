// Images that an operator puts in the place of ours: what Gardener calls an image vector.
#pragma once

#include "falconer/falco/operator_settings.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <string_view>

namespace falconer::falco {

/// Of init containers and the heartbeat; the only image that no FalcoProfile names.
inline constexpr std::string_view agent_image_name = "falconer";

/// Lets `vector` have its say about the image that runs beside Falco and Falcosidekick. An image
/// that the configuration itself names stays; where an entry has no tag, that of the image it
/// replaces is kept; of several entries the last counts. Entries that look as if they meant
/// something here and do not become warnings of `settings`; those of others are nobody's business.
///
/// Source: gardener/gardener, docs/deployment/image_vector.md and pkg/utils/imagevector: read
///         leniently, since one vector may serve many components.
/// Errors: go to `problems`, with their lines: what is no vector, and of our entry what is no
/// image.
void overwrite_images(operator_settings& settings, const value& vector, field_problems& problems);

}  // namespace falconer::falco
