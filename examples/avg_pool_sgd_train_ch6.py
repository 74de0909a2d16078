# %% [markdown]
# # 3. Average-pooling, SGD 0.9, through `train_ch6`
#
# The LeNet of the book's chapter as one `nn.Sequential` (sigmoid, average-pooling, padding: 61,706 parameters) learns
# Fashion-MNIST, ten epochs with plain SGD at a learning rate of 0.9.
#
# **In the published form** most of the time goes into preparing the images one by one, in worker processes that are started
# again in every epoch, and the chart is shown in notebooks only.
#
# **What is different here.** Whole batches come from memory, the steps are computed by lenet's own kernels, and outside a
# notebook the chart is written as a PNG to the current folder. As published, `train_ch6` draws new Xavier weights at every
# call, so this file has no initialisation.
#
# **What changed against the published form:** the last import line, which was `from d2l import torch as d2l`.
#
# **What it prints:** the shape after each layer, the device, and after the last epoch
# `loss …, train acc …, test acc …` and `… examples/sec on …`.
#
# 书中这一章的 LeNet，写成一个 `nn.Sequential`（sigmoid、平均池化、有填充，共 61,706 个参数），在 Fashion-MNIST 上用学习率 0.9
# 的普通 SGD 训练十个周期。
#
# **发表的程序里**，大部分时间花在逐张准备图片上，工作进程每个周期都要重新启动；而且曲线图只有在笔记本里才看得到。
#
# **现在有何不同。** 小批量整批取自内存，每一步由 lenet 自己的内核计算；不在笔记本里运行时，曲线图以 PNG 文件保存在当前目录。
# 与书中一样，`train_ch6` 每次调用都会用 Xavier 方法重新初始化权重，所以本文件里看不到初始化代码。
#
# **与发表的程序相比只改了一处：** 最后一行 import，原为 `from d2l import torch as d2l`。
#
# **输出：** 每一层之后的形状、所用设备，以及训练结束时的 `loss …, train acc …, test acc …` 和 `… examples/sec on …`。

# %%
import torch
from torch import nn

from lenet import d2l


# %%
# Average-pooling as in 1998. Reshape gives its input the shape of images; (1, 28, 28) stays as it is.
# 与 1998 年一样用平均池化。Reshape 把输入变成图片的形状；已经是 (1, 28, 28) 的则原样不变。
class Reshape(nn.Module):
    def forward(self, x):
        return x.view(-1, 1, 28, 28)


net = nn.Sequential(
    Reshape(),
    nn.Conv2d(1, 6, kernel_size=5, padding=2),
    nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Conv2d(6, 16, kernel_size=5),
    nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Flatten(),
    nn.Linear(16 * 5 * 5, 120),
    nn.Sigmoid(),
    nn.Linear(120, 84),
    nn.Sigmoid(),
    nn.Linear(84, 10),
)

# %%
# The shape of one image after each layer.
# 一张图片经过每一层之后的形状。
X = torch.rand(size=(1, 1, 28, 28), dtype=torch.float32)
for layer in net:
    X = layer(X)
    print(layer.__class__.__name__, "output shape:\t", X.shape)

# %%
# 60,000 training and 10,000 test images, cut into batches straight from memory: no worker processes.
# 6 万张训练图和 1 万张测试图，直接从内存里切出小批量，不需要任何工作进程。
batch_size = 256
train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size=batch_size)

# %%
# Xavier weights matter: the loss stays near 2.3 for about an epoch before it falls, and without them for more than four.
# Xavier 初始化很重要：loss 会在 2.3 附近停留约一个周期才开始下降；没有它，四个周期之后仍停在原处。
lr, num_epochs = 0.9, 10
d2l.train_ch6(net, train_iter, test_iter, num_epochs, lr, d2l.try_gpu())
