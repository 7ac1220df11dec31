"""Multi-task CNN: VGG16 with a sigmoid output for the overall score and for each attribute, trained in two stages.

scaling = Scaling.of(score_range, attribute_ranges)      # every output on 0 to 1 and back
model = MultiTaskNet(build("vgg16", "paper", pretrained=True), outputs=len(scaling.names))
fit(model, squared_errors, train, first_stage(seed))     # convolutions frozen
fit(model, squared_errors, train, second_stage(seed))    # block4_conv2 and block4_conv3 too
shown = grad_cam(model, block(model, "block4_conv3"), images, output=0)
"""

from aeslib.mtcnn.coverage import Coverage, coverage
from aeslib.mtcnn.maps import block, faithfulness, grad_cam
from aeslib.mtcnn.network import MultiTaskNet, joined
from aeslib.mtcnn.stages import first_stage, second_stage, squared_errors
from aeslib.mtcnn.targets import Scaling

__all__ = [
    "Coverage",
    "MultiTaskNet",
    "Scaling",
    "block",
    "coverage",
    "faithfulness",
    "first_stage",
    "grad_cam",
    "joined",
    "second_stage",
    "squared_errors",
]
