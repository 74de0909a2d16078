# %% [markdown]
# # 5. Average-pooling, SGD 0.9, through a loop in the file
#
# The network of [program 3](avg_pool_sgd_train_ch6.py), with the training loop written out in the file: only the iterators
# and the small helpers (`Timer`, `Accumulator`, `Animator`, `accuracy`, `evaluate_accuracy_gpu`) come from `d2l`.
#
# **What went wrong for its author, first:** `CUDA error: out of memory`. This network and its batches need some tens of
# megabytes, CUDA itself some hundreds. If even these are not free, something else uses the GPU: another program, a notebook
# whose kernel still runs (it keeps its memory until it is shut down), or a process that crashed and did not end. `nvidia-smi`
# lists them; end the one that is yours, or shut down the kernel. To continue at once, compute on the CPU:
# `torch.device("cpu")` in place of `d2l.try_gpu()`, which returns the CPU only if there is no GPU at all. When d2l itself
# trains or evaluates, its error shows how much of the memory each process uses.
#
# **Second:** the loop ran over `range(num_batches)` epochs, 235 instead of 10. The training seemed never to end, and the
# curves left the chart, whose axis ends at 10.
#
# **What is different here.** PyTorch takes the steps, on the CPU, as the loop is written; lenet's kernels evaluate the
# network on the test images. `d2l.train_ch6` with the same `net` makes the steps faster too.
#
# **What changed against the published form:** the last import line, which was `from d2l import torch as d2l`; and, since the
# loop is in the file, its `range(num_epochs)`. With `range(num_batches)` it works too, and takes as long as it did.
#
# **What it prints:** the device, and after the last epoch `loss …, train acc …, test acc …` and `… examples/sec on …`.
#
# 网络与[程序 3](avg_pool_sgd_train_ch6.py) 相同，但训练循环直接写在文件里；来自 `d2l` 的只有数据迭代器和几个小工具
# （`Timer`、`Accumulator`、`Animator`、`accuracy`、`evaluate_accuracy_gpu`）。
#
# **作者先遇到的：** `CUDA error: out of memory`（显存不足）。这个网络连同小批量只需要几十兆字节，CUDA 本身再占几百兆；连这些
# 都腾不出来，说明显存被别人占着：别的程序、内核还在运行的笔记本（不关闭内核，显存就不会释放），或者崩溃后没有退出的进程。
# `nvidia-smi` 会列出它们；结束属于你的那个进程，或者关闭内核。想马上继续，就在 CPU 上算：把 `d2l.try_gpu()` 换成
# `torch.device("cpu")`；`try_gpu` 只有在完全没有 GPU 时才会自动改用 CPU。由 d2l 自己训练或评估时，报错信息会说明显存被谁占了
# 多少。
#
# **然后遇到的：** 循环写成了 `range(num_batches)` 个周期，即 235 个而不是 10 个。训练看上去永远不会结束，曲线也画到了坐标框
# 外面，因为横轴只到 10。
#
# **现在有何不同。** 按循环的写法，每一步由 PyTorch 在 CPU 上计算；测试图则由 lenet 的内核计算。把同一个 `net` 交给
# `d2l.train_ch6`，训练的每一步也会变快。
#
# **与发表的程序相比改了：** 最后一行 import，原为 `from d2l import torch as d2l`；此外，因为循环就在文件里，还有它的
# `range(num_epochs)`。写成 `range(num_batches)` 也能运行，只是和当初一样久。
#
# **输出：** 所用设备，以及训练结束时的 `loss …, train acc …, test acc …` 和 `… examples/sec on …`。

# %%
import torch
from torch import nn

from lenet import d2l


# %%
# The network of program 3.
# 与程序 3 相同的网络。
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
# 60,000 training and 10,000 test images, cut into batches straight from memory: no worker processes.
# 6 万张训练图和 1 万张测试图，直接从内存里切出小批量，不需要任何工作进程。
batch_size = 256
train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size=batch_size)


# %%
# One pass over the training images, with a point of the chart after every fifth of it.
# 遍历一次训练集，每完成五分之一就在图上画一个点。
def train_epoch(net, train_iter, loss, optimizer, device, timer, animator, epoch):
    metric = d2l.Accumulator(3)  # loss, correct, images · 损失之和、正确数、图片数
    num_batches = len(train_iter)
    net.train()
    for i, (images, labels) in enumerate(train_iter, start=1):
        timer.start()
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        y_hat = net(images)
        batch_loss = loss(y_hat, labels)
        batch_loss.backward()
        optimizer.step()
        with torch.no_grad():
            metric.add(batch_loss * len(labels), d2l.accuracy(y_hat, labels), len(labels))
        timer.stop()
        if i % (num_batches // 5) == 0 or i == num_batches:
            animator.add(epoch + i / num_batches, (metric[0] / metric[2], metric[1] / metric[2], None))
    return metric


# %%
# Xavier weights, then the epochs. The published loop had num_batches where num_epochs stands.
# 先做 Xavier 初始化，再逐周期训练。发表的程序在 num_epochs 的位置误写成了 num_batches。
def xavier(layer):
    if isinstance(layer, nn.Linear | nn.Conv2d):
        nn.init.xavier_uniform_(layer.weight)


def train(net, train_iter, test_iter, num_epochs, lr, device):
    net.apply(xavier)
    print("training on", device)
    net.to(device)  # the first place where a full GPU raises an error · 显存不足时最先在这里报错
    optimizer, loss = torch.optim.SGD(net.parameters(), lr=lr), nn.CrossEntropyLoss()
    legend = ["train loss", "train acc", "test acc"]
    animator, timer = d2l.Animator(xlabel="epoch", xlim=[1, num_epochs], legend=legend), d2l.Timer()
    for epoch in range(num_epochs):
        metric = train_epoch(net, train_iter, loss, optimizer, device, timer, animator, epoch)
        test_acc = d2l.evaluate_accuracy_gpu(net, test_iter)
        animator.add(epoch + 1, (None, None, test_acc))
    print(f"loss {metric[0] / metric[2]:.3f}, train acc {metric[1] / metric[2]:.3f}, test acc {test_acc:.3f}")
    print(f"{metric[2] * num_epochs / timer.sum():.1f} examples/sec on {device}")


# %%
# Is the GPU full? device = torch.device("cpu") works without it.
# 显存不足？改用 device = torch.device("cpu") 即可继续。
lr, num_epochs = 0.9, 10
device = d2l.try_gpu()
train(net, train_iter, test_iter, num_epochs, lr, device)
